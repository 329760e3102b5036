"""Submodules are fetched from where the protected branch says, and written as the rest of a commit is."""

from __future__ import annotations

import os
import shutil
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from support.configuration import load
from support.git import commit, git, repository, with_remote
from terrace.adapters.git.patches import patches_between
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.git.submodules import SubmoduleRules
from terrace.adapters.git.worktree import REFUSED
from terrace.checks.secrets.search import SecretSearch
from terrace.hcl.tree import absent_submodules, submodules
from terrace.stacks.additions import FILE
from terrace.stacks.discovery import find_absent_submodules

pytestmark = pytest.mark.slow

MODULES = '[submodule "net"]\n\tpath = vendor/net\n\turl = ../net.git\n'


def link(work: Path, to: str, path: str = "vendor/net", message: str = "link", **files: str) -> str:
    """Commit a submodule at a commit, with the files."""
    for name, text in files.items():
        (work / name.replace("gitmodules", ".gitmodules")).write_text(text)
        git(work, "add", name.replace("gitmodules", ".gitmodules"))
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{to},{path}")
    git(work, "commit", "--quiet", "-m", message)
    return git(work, "rev-parse", "HEAD")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return with_remote(tmp_path / "net", {"main.tf": "one\n", "deep/run.sh": "#!/bin/sh\n"})


@pytest.fixture
def work(tmp_path: Path, net: Path) -> Path:
    made = repository(tmp_path / "work", {"a.tf": "a\n"})
    link(made, git(net, "rev-parse", "HEAD"), gitmodules=MODULES)
    return made


def opened(
    work: Path,
    *chosen: str,
    trusted: str | None = None,
    merged: bool = False,
    fetch: bool = True,
    only_trusted: bool = False,
) -> GitRepository:
    found = GitRepository.around(work, cache=work.with_name("cache"))
    rules = SubmoduleRules(
        chosen=chosen or ("*",),
        trusted=trusted or git(work, "rev-parse", "HEAD"),
        base=str(work.with_name("work.git")),
        is_on_protected_branch=lambda commit: merged,
        fetch=fetch,
        only_trusted=only_trusted,
    )
    found.take_submodules(lambda: rules)
    return found


def why(found: GitRepository, made: str, path: str = "vendor/net") -> tuple[str, str]:
    """The place and the reason of a submodule that is absent."""
    tree = found.tree(made)
    assert not [one for one in tree.entries if one.startswith(f"{path}/")]
    assert path in submodules(tree)
    absent = absent_submodules(tree)[path]
    assert absent.hint
    with found.checkout(made, "check") as root:
        assert not (root / path).exists()
    return str(absent.place), absent.message


def assert_same_bytes(found: GitRepository, made: str) -> None:
    tree = found.tree(made)
    with found.checkout(made, "check") as root:
        there = {
            str((Path(folder) / name).relative_to(root))
            for folder, folders, names in os.walk(root)
            for name in (*names, *(one for one in folders if (Path(folder) / one).is_symlink()))
        }
        assert there == set(tree.entries)
        for path, entry in tree.entries.items():
            if not entry.is_link:
                assert (root / path).read_bytes() == tree.read(path), path
                assert bool((root / path).stat().st_mode & 0o100) == (entry.mode == "100755")


def test_what_is_judged_of_a_submodule_is_what_is_planned(tmp_path: Path, work: Path, net: Path) -> None:
    ran = tmp_path / "ran"
    (net / "run.sh").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (net / "run.sh").chmod(0o755)
    (net / "out").symlink_to("/etc/passwd")
    (net / "up").symlink_to("../../../../outside")
    (net / "in").symlink_to("main.tf")
    attributes = "*.tf text eol=crlf ident filter=loud export-ignore\n"
    moved = commit(
        net, {".gitattributes": attributes, "x.tf": "$Id$\n", ".terraform.lock.hcl": "", "terrace.yaml": "x"}
    )
    git(net, "push", "--quiet")
    made = link(work, moved, gitmodules=f"{MODULES}\tupdate = !touch {ran}\n\tbranch = evil\n")
    git(work, "config", "filter.loud.smudge", f"touch {ran}; tr a-z A-Z")
    found = opened(work)
    assert {"vendor/net/main.tf", "vendor/net/deep/run.sh", "a.tf"} < set(found.tree(made).entries)
    assert submodules(found.tree(made)) == {}
    assert_same_bytes(found, made)
    with found.checkout(made, "check") as root:
        assert str((root / "vendor/net/out").readlink()) == REFUSED
        assert str((root / "vendor/net/up").readlink()) == REFUSED
        assert (root / "vendor/net/in").read_text() == "one\n"
    assert not ran.exists()
    assert set(found.own_tree(made).entries) == {"a.tf", ".gitmodules"}, "rules are read without submodules"


@pytest.mark.parametrize(
    "url", ["../evil.git", "https://evil.example/net.git", "ext::sh -c touch% ran", "--upload-pack=touch ran"]
)
def test_a_change_of_an_address_is_fetched_from_nowhere_until_it_is_merged(
    tmp_path: Path, work: Path, net: Path, url: str
) -> None:
    evil = with_remote(tmp_path / "evil", {"main.tf": "evil\n"})
    trusted = git(work, "rev-parse", "HEAD")
    made = link(work, git(evil, "rev-parse", "HEAD"), gitmodules=MODULES.replace("../net.git", url))
    place, said = why(opened(work, trusted=trusted), made)
    assert place == ".gitmodules:2"
    assert "on the protected branch" in said
    assert not (tmp_path / "cache/submodules").exists(), "nothing was asked for"


def test_a_submodule_that_only_a_change_has_is_not_fetched(work: Path, net: Path) -> None:
    trusted = git(work, "rev-parse", "HEAD")
    more = f'{MODULES}[submodule "more"]\n\tpath = more\n\turl = ../net.git\n'
    made = link(work, git(net, "rev-parse", "HEAD"), "more", gitmodules=more)
    place, said = why(opened(work, trusted=trusted), made, "more")
    assert place == ".gitmodules:5"
    assert "on the protected branch does not define it" in said
    assert "vendor/net/main.tf" in opened(work, trusted=trusted).tree(made).entries, "others are there"


def test_an_older_commit_of_the_protected_branch_is_fetched_from_the_address_of_today(
    tmp_path: Path, work: Path, net: Path
) -> None:
    older = git(work, "rev-parse", "HEAD")
    (tmp_path / "net.git").rename(tmp_path / "moved.git")
    link(work, git(net, "rev-parse", "HEAD~0"), message="x", gitmodules=MODULES.replace("net.git", "moved.git"))
    assert "vendor/net/main.tf" in opened(work, merged=True).tree(older).entries
    assert why(opened(work), older)[1].startswith("its address is")


def test_of_a_change_of_strangers_only_the_merged_commit_is_taken(work: Path, net: Path) -> None:
    trusted = git(work, "rev-parse", "HEAD")
    other = commit(net, {"main.tf": "two\n"})
    git(net, "push", "--quiet")
    made = link(work, other)
    found = opened(work, trusted=trusted, only_trusted=True)
    assert "vendor/net/main.tf" in found.tree(trusted).entries
    assert "is not fetched for changes by untrusted authors" in why(found, made)[1]


def test_a_commit_that_the_repository_does_not_have_is_told(work: Path, net: Path) -> None:
    made = link(work, commit(net, {"main.tf": "unpushed\n"}))
    place, said = why(opened(work), made)
    assert place == ".gitmodules:2"
    assert "does not have the commit" in said or "cannot be read" in said


def test_a_repository_that_is_gone_is_told_and_what_was_fetched_stays(tmp_path: Path, work: Path, net: Path) -> None:
    made = git(work, "rev-parse", "HEAD")
    assert "vendor/net/main.tf" in opened(work).tree(made).entries
    shutil.rmtree(tmp_path / "net.git")
    assert "vendor/net/main.tf" in opened(work, fetch=False).tree(made).entries
    shutil.rmtree(tmp_path / "cache/submodules")
    assert "cannot be read" in why(opened(work), made)[1]
    assert "was not fetched yet" in why(opened(work, fetch=False), made)[1]


@pytest.mark.parametrize("damage", ["empty", "changed", "gone", "link"])
def test_a_private_clone_that_is_damaged_is_made_anew(tmp_path: Path, work: Path, damage: str) -> None:
    made = git(work, "rev-parse", "HEAD")
    assert "vendor/net/main.tf" in opened(work).tree(made).entries
    (store,) = (one for one in (tmp_path / "cache/submodules").iterdir() if one.is_dir())
    if damage == "gone":
        shutil.rmtree(store / ".git/objects")
    elif damage == "link":
        shutil.rmtree(store)
        store.symlink_to(tmp_path / "net")
    else:
        for one in (store / ".git/objects").rglob("*"):
            if one.is_file():
                one.chmod(0o600)
                one.write_bytes(b"" if damage == "empty" else one.read_bytes()[:-30] + b"x" * 30)
    found = opened(work)
    assert found.tree(made).read("vendor/net/main.tf") == b"one\n"
    assert_same_bytes(found, made)
    assert git(tmp_path / "net", "status", "--porcelain") == ""


def test_variables_and_settings_of_git_lead_a_fetch_nowhere_else(
    tmp_path: Path, work: Path, net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    hook = tmp_path / "hooks/reference-transaction"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    made = git(work, "rev-parse", "HEAD")
    found = opened(work)
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {ran}")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_EXEC_PATH_NONE", "x")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(hook.parent))
    monkeypatch.setenv("GIT_CONFIG_KEY_1", f"url.ext::touch {ran} .insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", str(tmp_path / "other"))
    assert "vendor/net/main.tf" in found.tree(made).entries
    assert not ran.exists()


def test_a_submodule_in_another_one_is_taken_by_its_path_alone(tmp_path: Path, work: Path, net: Path) -> None:
    deep = with_remote(tmp_path / "deep", {"deep.tf": "deep\n"})
    inner = '[submodule "deep"]\n\tpath = deep/in\n\turl = ../deep.git\n'
    outer = link(net, git(deep, "rev-parse", "HEAD"), "deep/in", gitmodules=inner)
    git(net, "push", "--quiet")
    made = link(work, outer)
    plain = opened(work).tree(made)
    assert submodules(plain) == {"vendor/net/deep/in": git(deep, "rev-parse", "HEAD")}
    assert absent_submodules(plain) == {}
    found = opened(work, "*", "vendor/net/deep/in")
    assert found.tree(made).read("vendor/net/deep/in/deep.tf") == b"deep\n"
    assert_same_bytes(found, made)
    evil = link(net, git(deep, "rev-parse", "HEAD"), "deep/in", gitmodules=inner.replace("deep.git", "evil.git"))
    git(net, "push", "--quiet")
    attack = link(work, evil)
    place, said = why(opened(work, "*", "vendor/net/deep/in", trusted=made), attack, "vendor/net/deep/in")
    assert place == "vendor/net/.gitmodules:2"
    assert said.startswith("its address is")


@pytest.mark.parametrize("name", [".git", ".GIT ", FILE])
def test_a_submodule_with_a_forbidden_name_is_absent_and_stops_nothing_else(work: Path, net: Path, name: str) -> None:
    blob = git(net, "hash-object", "-w", "--stdin", stdin=b"x\n")
    entry = f"100644 {name}\0".encode() + bytes.fromhex(blob)
    tree = git(net, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=entry)
    bad = git(net, "commit-tree", "-m", "hostile", tree)
    git(net, "push", "--quiet", "origin", f"{bad}:refs/heads/hostile")
    assert why(opened(work), link(work, bad))[0] == ".gitmodules:2"


def test_files_at_the_path_of_a_submodule_are_a_conflict(work: Path, net: Path) -> None:
    tip = git(net, "rev-parse", "HEAD")
    blob = git(work, "hash-object", "-w", "--stdin", stdin=b"x\n")
    modules = git(work, "rev-parse", "HEAD:.gitmodules")
    inner = git(work, "mktree", stdin=f"100644 blob {blob}\tmain.tf\n".encode())
    raw = b"".join(
        mode + b" " + name + b"\0" + bytes.fromhex(id_)
        for mode, name, id_ in ((b"160000", b"net", tip), (b"40000", b"net", inner))
    )
    vendor = git(work, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    top = git(work, "mktree", stdin=f"100644 blob {modules}\t.gitmodules\n040000 tree {vendor}\tvendor\n".encode())
    made = git(work, "commit-tree", "-m", "hostile", top)
    tree = opened(work).tree(made)
    assert "files of the commit lie at its path" in absent_submodules(tree)["vendor/net"].message


def test_a_link_in_the_place_of_gitmodules_is_refused(work: Path, net: Path) -> None:
    trusted = git(work, "rev-parse", "HEAD")
    (work / "other").write_text(MODULES)
    (work / ".gitmodules").unlink()
    (work / ".gitmodules").symlink_to("other")
    git(work, "add", "other", ".gitmodules")
    git(work, "commit", "--quiet", "-m", "link")
    assert "symbolic link" in why(opened(work, trusted=trusted), git(work, "rev-parse", "HEAD"))[1]


def test_a_secret_in_a_submodule_that_moves_is_found(work: Path, net: Path) -> None:
    before = git(work, "rev-parse", "HEAD")
    key = "AKIA" + "Z7QF3MHW2KXLD5NB"
    moved = commit(net, {"main.tf": f'access_key = "{key}"\n', "plain.txt": "x\n"})
    git(net, "push", "--quiet")
    made = link(work, moved)
    patches = partial(patches_between, work)
    found = SecretSearch(opened(work, trusted=before), patches, before, date(2026, 1, 1))
    assert {f"{one.path}:{one.line}" for one in found.change(before, made)} == {"vendor/net/main.tf:1"}
    assert {f"{one.path}:{one.line}" for one in found.files(made)} == {"vendor/net/main.tf:1"}
    assert found.change(made, git(work, "commit-tree", "-m", "x", "-p", made, f"{made}^{{tree}}")) == ()


@pytest.mark.parametrize(
    ("path", "rules"), [("environments/dev", ""), ("live", "stacks: [{path: live/*/*, environment: '{1}'}]\n")]
)
def test_stacks_of_a_submodule_that_cannot_be_had_are_not_taken_for_removed(
    work: Path, net: Path, path: str, rules: str
) -> None:
    config = load(f"version: 1\nenvironments: {{dev: {{}}}}\n{rules}".encode())
    lost = link(work, "1" * 40, path, gitmodules=f'[submodule "x"]\n\tpath = {path}\n\turl = ../net.git\n')
    (problem,) = find_absent_submodules(opened(work).tree(lost), config)
    assert f"the stacks in the Git submodule {path} are unknown" in problem.message
    assert problem.hint
    other = load(b"version: 1\nenvironments: {dev: {}}\nstacks: [{path: other/*, environment: dev}]\n")
    assert len(find_absent_submodules(opened(work).tree(lost), other)) == (path != "live")


def test_commits_that_move_a_submodule_touch_what_lies_in_it(work: Path, net: Path) -> None:
    before = git(work, "rev-parse", "HEAD")
    moved = link(work, commit(net, {"main.tf": "two\n"}))
    commit_of_others = git(work, "commit-tree", "-m", "other", "-p", moved, f"{moved}^{{tree}}")
    assert opened(work).commits_touching(before, commit_of_others, ("vendor/net/main.tf",)) == (moved,)
