"""A root module of several environments gets the backend location of each from its backend file."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.configuration import load
from support.trees import DictTree, change, inventory, why
from terrace.adapters.terraform import argv
from terrace.config.loosening import find_loosened_rules
from terrace.config.problems import BadConfig
from terrace.errors import BadInput
from terrace.hcl.facts_store import NoStore
from terrace.plans.ports import Site
from terrace.stacks.backends import backend_locations, find_shared_states
from terrace.stacks.config_problems import examine
from terrace.stacks.model import Stack

RULES = "version: 1\nenvironments: {dev: {}, prod: {after: dev}}\n"
MAIN = 'terraform {\n  backend "s3" {\n    bucket = "acme"\n    key = "app"\n  }\n}\nvariable "size" {}\n'


def entry(environment: str, more: str) -> str:
    return f"  - {{path: app, environment: {environment}, var_files: [env/{environment}.tfvars]{more}}}\n"


def multi(dev: str, prod: str, more: str = ", backend_files: [env/{}.tfbackend]") -> dict[str, str]:
    """The layout `multi`: one folder, a file of variables and one of settings for each environment."""
    return {
        "app/main.tf": MAIN,
        "env/dev.tfvars": "size = 1\n",
        "env/prod.tfvars": "size = 3\n",
        "env/dev.tfbackend": dev,
        "env/prod.tfbackend": prod,
        "terrace.yaml": f"{RULES}stacks:\n" + "".join(entry(e, more.format(e)) for e in ("dev", "prod")),
    }


def parts(files: dict[str, str], key: str) -> dict[str, str]:
    found = inventory(files)
    (address,) = backend_locations(found.stack(key), found.graph)
    return {**dict(address.parts), **dict.fromkeys(address.unknown, "?")}


def test_two_environments_without_backend_files_share_a_state() -> None:
    found = inventory(multi("", ""))
    assert [(one.stack.key, one.other.key) for one in find_shared_states(found)] == [("dev/app", "prod/app")]


def test_each_backend_file_gives_its_stack_its_own_location() -> None:
    files = multi('key = "dev/app"\n', 'bucket = "acme-prod"\nkey    = "prod/app"\n')
    assert find_shared_states(inventory(files)) == ()
    assert parts(files, "dev/app") == {"bucket": "acme", "key": "dev/app"}
    assert parts(files, "prod/app") == {"bucket": "acme-prod", "key": "prod/app"}


@pytest.mark.parametrize(
    ("more", "key"),
    [
        (", backend_files: [env/{}.tfbackend]", "one"),
        (", backend_files: [env/{}.tfbackend, env/more.json]", "two"),
        (", backend_files: [env/more.json, env/{}.tfbackend]", "one"),
        (", backend_files: [env/{}.tfbackend, env/more.json], backend_config: {{key: three}}", "three"),
        (", backend_files: [env/{}.tfbackend, env/open.tfbackend]", "?"),
        (", backend_files: [env/open.tfbackend, env/{}.tfbackend]", "one"),
    ],
)
def test_later_backend_settings_take_precedence(more: str, key: str) -> None:
    files = {
        **multi('key = "one"\n', 'key = "prod"\n', more),
        "env/more.json": '{"key": "two"}',
        "env/open.tfbackend": "key = upper(x)\n",
    }
    assert parts(files, "dev/app")["key"] == key


def test_a_change_of_a_backend_file_impacts_only_its_environment() -> None:
    before = multi('key = "dev"\n', 'key = "prod"\n')
    assert why(change(before, {"env/dev.tfbackend": 'key = "dev2"\n'})) == {
        "dev/app": ["backend env/dev.tfbackend app"]
    }
    assert why(change(before, {"env/prod.tfvars": "size = 4\n"})) == {"prod/app": ["variables env/prod.tfvars app"]}


def test_a_changed_backend_file_changes_the_init_key() -> None:
    one = inventory(multi('key = "dev"\n', 'key = "prod"\n'))
    other = inventory(multi('key = "dev"\nregion = "r"\n', 'key = "prod"\n'))
    keys = [[each.graph.init_key(each.stack(key)) for key in ("dev/app", "prod/app")] for each in (one, other)]
    assert keys[0][0] != keys[1][0] and keys[0][1] == keys[1][1]


def test_a_missing_backend_file_refuses_only_its_stack() -> None:
    files = multi('key = "dev"\n', 'key = "prod"\n')
    del files["env/dev.tfbackend"]
    found = inventory(files)
    assert set(found.refusals) == {"dev/app"}
    assert "env/dev.tfbackend" in found.refusals["dev/app"].message


def test_a_backend_file_outside_the_repository_is_missing() -> None:
    files = {**multi('key = "dev"\n', 'key = "prod"\n'), "env/dev.tfbackend": "-> /etc/passwd"}
    assert set(inventory(files).refusals) == {"dev/app"}


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "key=prod", "a/key=prod", "-x"])
def test_a_backend_file_path_that_terraform_would_misread_is_refused(path: str) -> None:
    text = f"{RULES}stacks: [{{path: app, environment: dev, backend_files: [{path!r}]}}]\n"
    with pytest.raises(BadConfig):
        load(text.encode())


def test_init_gets_the_files_before_the_settings(tmp_path: Path) -> None:
    stack = Stack("dev", "app", "app", backend_config=(("key", "k"),), backend_files=("env/a", "env/b"))
    site = Site(stack, tmp_path, init_key="", backend="s3")
    assert argv.init(site, files=(), as_json=False)[4:] == (
        f"-backend-config={tmp_path}/env/a",
        f"-backend-config={tmp_path}/env/b",
        "-backend-config=key=k",
    )
    assert len(argv.init(Site(stack, tmp_path, "", scratch=tmp_path), files=(), as_json=False)) == 4
    with pytest.raises(BadInput, match="as a setting"):
        argv.init(Site(stack, tmp_path / "a=b", "", backend="s3"), files=(), as_json=False)


def test_a_changed_backend_file_loosens_rules() -> None:
    before = load(multi("", "")["terrace.yaml"].encode())
    after = load(multi("", "", ", backend_files: [env/prod.tfbackend]")["terrace.yaml"].encode())
    (way,) = find_loosened_rules(before, after)
    assert "the stack app of dev has other backend files" in way


PARTIAL = 'terraform {\n  backend "s3" {\n    bucket = "states"\n  }\n}\n'


def problems(files: dict[str, str]) -> list[str]:
    text = files.get("terrace.yaml", RULES + "stacks: [{path: app, environment: dev, name: app}]\n")
    tree = DictTree({**files, "terrace.yaml": text})
    found = examine(tree, load(text.encode()), NoStore())
    return [f"{one.place}: {one.message} ({one.hint})" for one in found.problems]


@pytest.mark.parametrize("path", ["app/dev.s3.tfbackend", "app/backends/dev.tfbackend"])
def test_an_unlisted_backend_file_is_reported_for_an_incomplete_backend(path: str) -> None:
    (told,) = problems({"app/main.tf": PARTIAL, path: 'key = "dev"\n'})
    assert told.startswith("terrace.yaml:")
    assert f"dev/app: its backend block does not set key. Files that possibly set it: {path}" in told
    assert f"backend_files: [{path}]" in told


@pytest.mark.parametrize(
    "files",
    [
        {"app/main.tf": PARTIAL.replace('"states"', '"states"\n    key = "k"'), "app/dev.tfbackend": ""},
        {"app/main.tf": PARTIAL, "other/dev.tfbackend": 'key = "dev"\n'},
        {
            "app/main.tf": PARTIAL,
            "app/dev.tfbackend": 'key = "dev"\n',
            "terrace.yaml": RULES + "stacks: [{path: app, environment: dev, backend_config: {key: dev}}]\n",
        },
        {
            "app/main.tf": PARTIAL,
            "app/dev.tfbackend": 'key = "dev"\n',
            "app/old.tfbackend": 'key = "old"\n',
            "terrace.yaml": RULES + "stacks: [{path: app, environment: dev, backend_files: [app/dev.tfbackend]}]\n",
        },
    ],
)
def test_an_unlisted_backend_file_is_not_reported_for_a_complete_backend(files: dict[str, str]) -> None:
    assert problems(files) == []
