"""Submodules are fetched only from URLs on the protected branch, never from a URL in a change."""

from __future__ import annotations

import pytest

from support.configuration import load
from terrace.config.loosening import find_loosened_rules
from terrace.config.problems import BadConfig
from terrace.errors import BadInput
from terrace.stacks.submodules import is_chosen, read_gitmodules, resolve_url

HTTPS = "https://git.example/org/infra.git"


@pytest.mark.parametrize(
    ("url", "base", "resolved", "transport"),
    [
        ("https://git.example/org/net.git", HTTPS, "https://git.example/org/net.git", "https"),
        ("https://ann@git.example:8443/org/net", HTTPS, "https://ann@git.example:8443/org/net", "https"),
        ("ssh://git@git.example:2222/org/net.git", HTTPS, "ssh://git@git.example:2222/org/net.git", "ssh"),
        ("git@git.example:org/net.git", HTTPS, "git@git.example:org/net.git", "ssh"),
        ("../net.git", HTTPS, "https://git.example/org/net.git", "https"),
        ("../../other/net.git", HTTPS, "https://git.example/other/net.git", "https"),
        ("./net.git", f"{HTTPS}/", "https://git.example/org/infra.git/net.git", "https"),
        ("../net.git", "git@git.example:org/infra.git", "git@git.example:org/net.git", "ssh"),
        ("../../net.git", "git@git.example:org/infra.git", "git@git.example:net.git", "ssh"),
        ("../net.git", "alias:org/infra.git", "alias:org/net.git", "ssh"),
        ("../net.git", "/srv/git/infra.git", "/srv/git/net.git", "file"),
        ("../net.git", "file:///srv/git/infra.git", "file:///srv/git/net.git", "file"),
        ("/srv/git/net.git", "/srv/git/infra.git", "/srv/git/net.git", "file"),
        ("file:///srv/net.git", None, "file:///srv/net.git", "file"),
    ],
)
def test_a_submodule_url_is_valid_or_relative_to_the_repository(
    url: str, base: str | None, resolved: str, transport: str
) -> None:
    found = resolve_url(url, base)
    assert (found.url, found.transport) == (resolved, transport)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/ran",
        "ext::sh",
        "fd::7",
        "--upload-pack=touch /tmp/ran",
        "-oProxyCommand=touch@host:path",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-oProxyCommand=touch@host/x",
        "git@-oProxyCommand=touch:x",
        "git@host:-x",
        "git@host::x",
        "http://git.example/org/net.git",
        "git://git.example/org/net.git",
        "ftp://git.example/net.git",
        "file:///etc",
        "/etc",
        "C:\\net",
        "net",
        "host:path",
        "",
        "https://",
        "https://git.example",
        "https://ann:secret@git.example/net.git",
        "https://git.example/net.git\n--option",
        "https://git.example/a b",
        "../../../net.git",
        "../../../../evil.example/net.git",
        "..",
        "../../",
    ],
)
def test_any_other_submodule_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        resolve_url(url, HTTPS if url != ".." else "https://git.example/infra.git")
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_relative_url_needs_a_remote_to_resolve_against() -> None:
    for base in (None, "ext::sh", "http://git.example/infra.git"):
        with pytest.raises(BadInput, match="relative"):
            resolve_url("../net.git", base)


def test_a_nested_submodule_is_selected_only_by_its_path() -> None:
    assert is_chosen("vendor/net", ("*",), nested=False)
    assert not is_chosen("vendor/net/deep", ("*",), nested=True)
    assert is_chosen("vendor/net/deep", ("*", "vendor/net/deep"), nested=True)
    assert not is_chosen("vendor", ("vendor/net",), nested=False)


def test_two_submodules_with_one_path_are_refused_and_lines_are_found() -> None:
    text = '[submodule "a"]\n\tpath = m ; here\n\turl = u\n[submodule "b"] path = "n/"\n\turl = v\n'
    values = [("submodule.a.path", "m"), ("submodule.a.url", "u"), ("submodule.b.path", "n/"), ("submodule.b.url", "v")]
    found = read_gitmodules(values, text)
    assert {one.path: (one.url, one.line) for one in found.values()} == {"m": ("u", 2), "n": ("v", 4)}
    with pytest.raises(BadInput, match="two submodules have the path m"):
        read_gitmodules([*values, ("submodule.c.path", "m/"), ("submodule.c.url", "evil")])


def test_the_submodules_key_accepts_true_or_paths_and_additions_loosen() -> None:
    plain = "version: 1\nenvironments: {dev: {}}\n"
    assert load(plain.encode()).submodules == ()
    assert load(f"{plain}submodules: false\n".encode()).submodules == ()
    assert load(f"{plain}submodules: true\n".encode()).submodules == ("*",)
    some = load(f"{plain}submodules: [vendor/net]\n".encode())
    assert some.submodules == ("vendor/net",)
    (said,) = find_loosened_rules(some, load(f"{plain}submodules: [vendor/net, vendor/more]\n".encode()))
    assert said.startswith("the submodule vendor/more is fetched")
    (said,) = find_loosened_rules(load(plain.encode()), load(f"{plain}submodules: true\n".encode()))
    assert said.startswith("every submodule is fetched")
    for wrong in ("[../out]", "[/etc]", "everything"):
        with pytest.raises(BadConfig):
            load(f"{plain}submodules: {wrong}\n".encode())
