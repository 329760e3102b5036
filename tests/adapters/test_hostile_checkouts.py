"""A commit is written by somebody else: whatever it holds, only the private checkout is written, byte for byte."""

from __future__ import annotations

# ruff: noqa: PTH103, PTH114, PTH115, PTH118, PTH120, PTH123  (names are bytes here, which Path does not take)
import contextlib
import os
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from support.git import commit, git, repository
from terrace.adapters.git.command import git_environment
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.git.worktree import REFUSED
from terrace.errors import BadInput
from terrace.hcl.layout import WRITTEN_BY_TERRACE
from terrace.hcl.tree import submodules
from terrace.stacks.additions import FILE

pytestmark = pytest.mark.slow


def opened(work: Path) -> GitRepository:
    return GitRepository.around(work, cache=work.with_name("cache"))


def blob(work: Path, content: bytes) -> str:
    return git(work, "hash-object", "-w", "--stdin", stdin=content)


def raw_tree(work: Path, *entries: tuple[str, bytes, str]) -> str:
    """A tree object with these entries (mode, name, id), whatever Git thinks of them."""
    content = b"".join(f"{mode} ".encode() + name + b"\0" + bytes.fromhex(id_) for mode, name, id_ in entries)
    return git(work, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=content)


def committed(work: Path, tree: str) -> str:
    return git(work, "commit-tree", "-m", "hostile", tree)


def assert_same_bytes(found: GitRepository, made: str, name: str = "check") -> None:
    """What readers of blobs see is what lies in the checkout, for every file, and nothing else lies there."""
    tree = found.tree(made)
    with found.checkout(made, name) as root:
        there = {os.fsdecode(p) for p in files(os.fsencode(root))}
        assert there == set(tree.entries)
        for path, entry in tree.entries.items():
            place = Path(root) / path
            if entry.is_link:
                assert os.fsencode(os.readlink(place)) in (tree.read(path), REFUSED.encode())
            else:
                assert stat.S_ISREG(place.lstat().st_mode), path
                assert place.read_bytes() == tree.read(path), path
                assert bool(place.stat().st_mode & 0o100) == (entry.mode == "100755"), path


def files(root: bytes) -> Iterable[bytes]:
    for folder, folders, names in os.walk(root):
        for name in (*names, *(one for one in folders if os.path.islink(os.path.join(folder, one)))):
            yield os.path.relpath(os.path.join(folder, name), root)


@pytest.mark.parametrize(
    "attributes",
    [
        "*.tf working-tree-encoding=IBM037",
        "*.tf text eol=crlf",
        "*.tf ident",
        "*.tf filter=loud",
        "*.tf export-ignore export-subst",
        "*.tf working-tree-encoding=UTF-16",
        "[attr]all filter=loud text\n* all",
    ],
)
def test_attributes_do_not_change_the_bytes_that_are_planned(tmp_path: Path, attributes: str) -> None:
    work = repository(tmp_path / "work")
    (work / "env").mkdir()
    contents = {"env/x.tf": b"\xd3\x85\xa3 $Id$ \n$Format:%H$\n", "env/crlf.tf": b"a\r\nb\n", ".gitattributes": b""}
    contents[".gitattributes"] = contents["env/.gitattributes"] = attributes.encode() + b"\n"
    for path, content in contents.items():
        git(work, "update-index", "--add", "--cacheinfo", f"100644,{blob(work, content)},{path}")
    made = committed(work, git(work, "write-tree"))
    ran = tmp_path / "ran"
    git(work, "config", "filter.loud.smudge", f"touch {ran}; tr a-z A-Z")
    git(work, "config", "filter.loud.required", "true")
    git(work, "config", "core.autocrlf", "true")
    (work / ".git/info/attributes").write_text(attributes + "\n")
    assert_same_bytes(opened(work), made)
    assert not ran.exists(), "no filter runs"


def test_hooks_monitors_and_sparse_settings_have_no_say_in_a_checkout(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n", "deep/b.tf": "two\n"})
    ran = tmp_path / "ran"
    for name in ("post-checkout", "post-index-change", "fsmonitor-watchman", "reference-transaction"):
        hook = work / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
        hook.chmod(0o755)
    git(work, "config", "core.fsmonitor", str(work / ".git/hooks/fsmonitor-watchman"))
    git(work, "config", "core.sparseCheckout", "true")
    (work / ".git/info/sparse-checkout").write_text("/nothing\n")
    made = git(work, "rev-parse", "HEAD")
    ran.unlink(missing_ok=True)
    assert_same_bytes(opened(work), made)
    assert not ran.exists()


def test_names_of_every_kind_are_written_as_they_are(tmp_path: Path) -> None:
    work = repository(tmp_path / "work")
    names = [b"a b", b"new\nline.tf", b"\x1b[31mred", b"--option", b"back\\slash", b"\xff.tf", "ü".encode(), b"$(x)"]
    names += ["u\u0308".encode(), b"README", b"readme", b"con.tf", b"~", b"-", b"x" * 255, b"a/b/c/d.tf"]
    for name in names:
        place = os.fsencode(work) + b"/" + name
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(name)
    (work / "tool.sh").write_text("#!/bin/sh\n")
    (work / "tool.sh").chmod(0o755)
    assert_same_bytes(opened(work), commit(work, {}))


@pytest.mark.parametrize(
    "name",
    [
        b"..",
        b".",
        b".git",
        b".GIT",
        b".git ",
        b".git.",
        b"git~1",
        b".g\xe2\x80\x8cit",
        b".git::$INDEX_ALLOCATION",
        b"a/b",
    ],
)
@pytest.mark.parametrize("below", [False, True])
def test_a_name_that_git_forbids_is_refused_and_writes_nothing(tmp_path: Path, name: bytes, below: bool) -> None:
    work = repository(tmp_path / "work")
    id_ = blob(work, b"[core]\n\tfsmonitor = touch /tmp/ran\n")
    tree = raw_tree(work, ("100644", b"config", id_)) if below else id_
    made = committed(work, raw_tree(work, ("40000" if below else "100644", name, tree)))
    if name == b"a/b":
        assert_same_bytes(opened(work), made)
        return
    with pytest.raises(BadInput) as caught, opened(work).checkout(made, "check"):
        raise AssertionError("it must not come to that")
    assert caught.value.hint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "work"]
    assert not list((tmp_path / "cache/trees").glob("check/*"))


def test_a_path_that_is_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    work = repository(tmp_path / "work")
    id_ = blob(work, b"../../../outside")
    inner = raw_tree(work, ("100644", b"x", id_))
    for first in (("120000", b"a", id_), ("100644", b"a", id_)):
        made = committed(work, raw_tree(work, first, ("40000", b"a", inner)))
        with pytest.raises(BadInput, match="a"), opened(work).checkout(made, "check"):
            raise AssertionError("it must not come to that")


@pytest.mark.parametrize("depth", [250, 1100])
def test_a_path_that_is_too_long_is_refused_by_name(tmp_path: Path, depth: int) -> None:
    work = repository(tmp_path / "work")
    tree = raw_tree(work, ("100644", b"x.tf", blob(work, b"")))
    for _ in range(depth):
        tree = raw_tree(work, ("40000", b"deep", tree))
    with pytest.raises(BadInput, match="too long"), opened(work).checkout(committed(work, tree), "check"):
        raise AssertionError("it must not come to that")


@pytest.mark.parametrize(
    "name",
    [
        *WRITTEN_BY_TERRACE,
        "zz_terrace_override.tofu",
        "zz_terrace_override.tf.json",
        "ZZ_Terrace_Override.tofu.json",
        "zz_terrace_additions.tofu",
    ],
)
def test_a_commit_cannot_bring_the_files_that_terrace_writes(tmp_path: Path, name: str) -> None:
    work = repository(tmp_path / "work", {"main.tf": "x\n"})
    precious = tmp_path / "precious"
    precious.write_text("mine\n")
    (work / "env").mkdir()
    (work / "env" / name).symlink_to(precious)
    with pytest.raises(BadInput, match="the commit contains"), opened(work).checkout(commit(work, {}), "check"):
        raise AssertionError("it must not come to that")
    assert precious.read_text() == "mine\n"


def test_the_names_that_terrace_writes_are_known_in_one_place() -> None:
    from terrace.adapters.terraform.data_folder import OVERRIDE

    assert set(WRITTEN_BY_TERRACE) == {FILE, OVERRIDE}


# --- links -------------------------------------------------------------------------------------------------------


def test_links_that_stay_inside_are_made_and_those_that_leave_lead_to_nothing(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"common.tf": "# common\n", "modules/m/main.tf": "# m\n", "deep/er/x": "x\n"})
    inside = {
        "environments/dev/common.tf": "../../common.tf",
        "environments/dev/module": "../../modules/m",
        "environments/dev/later": "../nothing/yet",
        "by": "environments/dev/module/main.tf",
    }
    outside = {
        "environments/dev/providers.tf": "/etc/hostname",
        "up": "..",
        "far": "deep/../../../outside",
        "through": "up/work",
        "loop": "loop",
        "proc": "/proc/self/environ",
        "dot": "environments/dev/module/../../../../secret",
        "home": str(Path.home()),
    }
    for path, target in {**inside, **outside}.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).symlink_to(target)
    made = commit(work, {})
    found = opened(work)
    assert_same_bytes(found, made)
    with found.checkout(made, "check") as root:
        assert (root / "environments/dev/common.tf").read_text() == "# common\n"
        assert (root / "by").read_text() == "# m\n"
        for path in outside:
            assert not (root / path).exists(), path
            assert os.readlink(root / path) == REFUSED


def test_a_link_to_nothing_that_a_file_can_have_is_refused(tmp_path: Path) -> None:
    work = repository(tmp_path / "work")
    odd = [b"", b"a\0b", b"x" * 5000, b"x/" * 1900 + b"../" * 1901 + b"out"]
    tree = raw_tree(work, *(("120000", f"l{i}".encode(), blob(work, target)) for i, target in enumerate(odd)))
    with opened(work).checkout(committed(work, tree), "check") as root:
        assert {os.readlink(root / f"l{i}") for i in range(len(odd))} == {REFUSED}


def test_what_lies_where_a_checkout_is_written_is_replaced_and_never_followed(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n", "d/b.tf": "two\n", "e/f/c.tf": "three\n", "g.tf": "four\n"})
    made = git(work, "rev-parse", "HEAD")
    found = opened(work)
    outside = tmp_path / "outside"
    (outside / "f").mkdir(parents=True)
    for name in ("precious", "b.tf", "f/c.tf"):
        (outside / name).write_text("mine\n")
    with found.checkout(made, "dev") as root:
        pass
    (root / "a.tf").unlink()
    (root / "a.tf").symlink_to(outside / "precious")
    (root / "d/b.tf").unlink()
    (root / "d").rmdir()
    (root / "d").symlink_to(outside)
    (root / "e/f/c.tf").unlink()
    os.mkfifo(root / "e/f/c.tf")
    (root / "g.tf").unlink()
    os.link(outside / "precious", root / "g.tf")
    (root / "left").symlink_to(outside)
    (root / "dangling").symlink_to(tmp_path / "made-by-terrace")
    assert_same_bytes(found, made, "dev")
    assert {p.read_text() for p in outside.rglob("*") if p.is_file()} == {"mine\n"}
    assert len(list(outside.rglob("*"))) == 4
    assert not (tmp_path / "made-by-terrace").exists()


def test_a_checkout_whose_folder_is_a_link_is_made_anew(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.tf").write_text("mine\n")
    (tmp_path / "cache/trees").mkdir(parents=True)
    (tmp_path / "cache/trees/dev").symlink_to(outside)
    assert_same_bytes(opened(work), git(work, "rev-parse", "HEAD"), "dev")
    assert (outside / "a.tf").read_text() == "mine\n"


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "-x", "a\0b", "x" * 300])
def test_a_checkout_cannot_be_made_elsewhere_by_its_name(tmp_path: Path, name: str) -> None:
    work = repository(tmp_path / "work")
    with pytest.raises(BadInput), opened(work).checkout(git(work, "rev-parse", "HEAD"), name):
        raise AssertionError("it must not come to that")


@pytest.mark.parametrize("path", ["../../../outside", "/tmp/outside", "linked/x.tf", "a.tf", "dangling", "a\0b", ""])
def test_what_terrace_adds_is_inside_and_replaces_nothing(tmp_path: Path, path: str) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n", "d/b.tf": "two\n"})
    (work / "linked").symlink_to("d")
    (work / "dangling").symlink_to("d/none.tf")
    made = commit(work, {})
    with pytest.raises(BadInput), opened(work).checkout(made, "dev", {path: "added\n"}):
        raise AssertionError("it must not come to that")
    root = tmp_path / "cache/trees/dev"
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.read_bytes() == b"added\n"]
    assert (root / "a.tf").read_text() == "one\n"


# --- keeping one up to date --------------------------------------------------------------------------------------


def test_a_file_that_was_changed_back_in_size_and_time_is_still_seen(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n", "b.tf": "one\n"})
    made = git(work, "rev-parse", "HEAD")
    found = opened(work)
    for _ in range(2):
        with found.checkout(made, "dev") as root:
            look = (root / "a.tf").stat()
            (root / "a.tf").write_text("two\n")
            os.utime(root / "a.tf", ns=(look.st_atime_ns, look.st_mtime_ns))
    assert_same_bytes(found, made, "dev")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\x92\x00\x80", b"null", os.urandom(300)])
def test_a_record_of_a_checkout_that_is_damaged_costs_nothing_but_time(tmp_path: Path, content: bytes) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n"})
    made = git(work, "rev-parse", "HEAD")
    found = opened(work)
    with found.checkout(made, "dev") as root:
        (root / "a.tf").write_text("two\n")
    (tmp_path / "cache/trees/dev.files").write_bytes(content)
    assert_same_bytes(found, made, "dev")


def test_an_unchanged_file_is_not_written_again(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n", "b.tf": "x\n"})
    first = git(work, "rev-parse", "HEAD")
    second = commit(work, {"b.tf": "y\n"})
    found = opened(work)
    with found.checkout(first, "dev") as root:
        before = (root / "a.tf").stat()
    with found.checkout(second, "dev"):
        assert (root / "a.tf").stat() == before
        assert (root / "b.tf").read_text() == "y\n"


def test_a_damaged_object_is_not_planned(tmp_path: Path) -> None:
    from terrace.errors import TerraceError

    work = repository(tmp_path / "work", {"a.tf": "one\n"})
    made = git(work, "rev-parse", "HEAD")
    other = blob(work, b"other\n")
    id_ = git(work, "rev-parse", f"{made}:a.tf")
    place = work / ".git/objects" / id_[:2] / id_[2:]
    place.chmod(0o600)
    place.write_bytes((work / ".git/objects" / other[:2] / other[2:]).read_bytes())
    with pytest.raises(TerraceError, match="damaged"), opened(work).checkout(made, "dev"):
        raise AssertionError("it must not come to that")


def test_nothing_stands_in_for_an_object(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n"})
    made = git(work, "rev-parse", "HEAD")
    git(work, "replace", git(work, "rev-parse", "HEAD:a.tf"), blob(work, b"other\n"))
    found = opened(work)
    assert found.tree(made).read("a.tf") == b"one\n"
    assert_same_bytes(found, made)


def test_a_submodule_runs_nothing_and_is_absent(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n", ".gitmodules": '[submodule "m"]\n\tpath = m\n\turl = x\n'})
    head = git(work, "rev-parse", "HEAD")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{head},m")
    made = committed(work, git(work, "write-tree"))
    assert_same_bytes(opened(work), made)
    assert "m" not in opened(work).tree(made).entries
    assert submodules(opened(work).tree(made)) == {"m": head}


def test_a_committed_bare_repository_is_not_taken_for_one(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "one\n"})
    inner, ran = work / "inner", tmp_path / "ran"
    git(work, "init", "--quiet", "--bare", inner)
    git(inner, "config", "core.bare", "false")
    git(inner, "config", "core.worktree", str(inner))
    git(inner, "config", "core.fsmonitor", f"touch {ran}; false")
    version = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
    if tuple(map(int, version.split(".")[:2])) < (2, 38) and not os.environ.get("CI"):
        pytest.skip("this Git has no safe.bareRepository")
    with contextlib.suppress(BadInput):
        _ = GitRepository.around(inner, cache=tmp_path / "cache").dirty
    assert not ran.exists()
    assert git_environment()["GIT_NO_REPLACE_OBJECTS"] == "1"


def test_a_partial_clone_asks_for_all_that_it_lacks_at_once(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {f"d/{number}.tf": f"{number}\n" for number in range(20)})
    git(work, "config", "uploadpack.allowFilter", "true")
    git(work, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(work, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{work}", tmp_path / "clone")
    asked = tmp_path / "asked"
    script = tmp_path / "upload-pack"
    script.write_text(f'#!/bin/sh\necho x >> {asked}\nexec git-upload-pack "$@"\n')
    script.chmod(0o755)
    git(tmp_path / "clone", "config", "remote.origin.uploadpack", str(script))
    found = GitRepository(tmp_path / "clone", cache=tmp_path / "cache")
    for _ in range(2):
        assert_same_bytes(found, git(work, "rev-parse", "HEAD"))
    assert asked.read_text().split() == ["x"]
