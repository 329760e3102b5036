"""Where providers come from: mirrors that are found, the user's own configuration, or the registry through a cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from terrace.adapters.terraform.cli_config import cli_config, mirror_problem, mirrors, render


def test_a_mirror_is_taken_for_what_it_holds_and_nothing_else(own_world: Path, tmp_path: Path) -> None:
    mirror = own_world / ".terraform.d/plugins"
    (mirror / "registry.terraform.io/hashicorp/aws/5.0.0").mkdir(parents=True)
    assert mirror in mirrors({})
    text = render((mirror,), None)
    assert 'include = ["registry.terraform.io/hashicorp/aws"]' in text
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in text
    assert "plugin_cache_dir" not in text
    assert not cli_config({}, tmp_path).shared_cache, "providers are linked, and nothing is shared"


def test_named_mirrors_come_before_those_of_terraform_and_no_other_folder_is_searched(
    own_world: Path, tmp_path: Path
) -> None:
    implied, first, second = own_world / ".terraform.d/plugins", tmp_path / "first", tmp_path / "second"
    for mirror, registry in ((implied, "terraform.io"), (first, "opentofu.org"), (second, "terraform.io")):
        (mirror / f"registry.{registry}/hashicorp/aws").mkdir(parents=True)
    assert mirrors({}) == (implied,), "a folder of the machine that nobody named is no mirror"
    named = {"TERRACE_PROVIDER_MIRRORS": os.pathsep.join([str(first), str(tmp_path / "absent"), "", str(second)])}
    assert mirrors(named) == (first, second, implied)
    text = cli_config(named, tmp_path / "cache").path.read_text()
    assert text.count('include = ["registry.terraform.io/hashicorp/aws"]') == 1, "the first mirror that has it"
    assert text.index(str(first)) < text.index(str(second)) < text.index(str(implied))


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("plugins", "plugins is not an absolute path"),
        ("{}/absent", "{}/absent does not exist"),
        ("{}/file", "{}/file is not a folder"),
        ("{}/empty", "{}/empty contains none of the folders registry.terraform.io, registry.opentofu.org"),
        ("{}/mirror", None),
    ],
)
def test_a_named_folder_that_is_no_mirror_has_a_reason(tmp_path: Path, named: str, problem: str | None) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "mirror/registry.opentofu.org").mkdir(parents=True)
    expected = None if problem is None else problem.format(tmp_path)
    assert mirror_problem(Path(named.format(tmp_path))) == expected


def test_without_a_mirror_there_is_a_cache_that_must_not_be_raced_for(tmp_path: Path) -> None:
    text = render((), tmp_path / "${x} plugins")
    assert "provider_installation" not in text
    assert "$${x} plugins" in text


def test_the_users_own_configuration_is_taken_as_it_is(own_world: Path, tmp_path: Path) -> None:
    own = own_world / ".terraformrc"
    own.write_text("")
    assert cli_config({}, tmp_path).path == own
    other = tmp_path / "other.rc"
    other.write_text("")
    found = cli_config({"TF_CLI_CONFIG_FILE": str(other)}, tmp_path)
    assert (found.path, found.shared_cache) == (other, True)


@pytest.mark.parametrize("given", ["/does/not/exist", ""])
def test_a_configuration_that_is_not_there_is_not_asked_for(tmp_path: Path, given: str) -> None:
    found = cli_config({"TF_CLI_CONFIG_FILE": given}, tmp_path)
    assert found.path == tmp_path / "terraform.rc"
    assert cli_config({}, tmp_path) == found


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", bytes(100), b"plugin_cache_dir = "])
def test_a_damaged_configuration_of_ours_is_written_again(content: bytes, tmp_path: Path) -> None:
    path = cli_config({}, tmp_path).path
    whole = path.read_bytes()
    path.write_bytes(content)
    assert cli_config({}, tmp_path).path.read_bytes() == whole
    path.unlink()
    path.mkdir()
    assert cli_config({}, tmp_path).path.read_bytes() == whole


def test_a_cache_in_a_folder_whose_name_is_not_utf_8_is_written_as_bytes(tmp_path: Path) -> None:
    cache = tmp_path / "caf\udce9"
    assert cli_config({}, cache).path.is_file()
