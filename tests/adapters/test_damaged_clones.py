"""A clone that is damaged, or that somebody prepared: what is read is what the commits hold, or nothing is read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.git import git
from terrace.adapters.git.command import objects, stream_blobs
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.git.trees import _listing
from terrace.adapters.ledgers.git import GitLedger
from terrace.errors import BadInput, Corrupt, NotReady, TerraceError
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import GENESIS, Draft

pytestmark = pytest.mark.slow

Damage = Callable[[Path], None]


def _cut(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9])


def _zero(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(bytes(path.stat().st_size))


def _empty(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(b"")


DAMAGES: dict[str, Damage] = {"gone": Path.unlink, "cut": _cut, "zeroed": _zero, "empty": _empty}


def commit(work: Path, text: str, author: str = "ann") -> str:
    (work / "main.tf").write_text(text)
    git(work, "add", "--all")
    git(work, "-c", f"user.name={author}", "-c", f"user.email={author}@x", "commit", "--quiet", "-m", text)
    return git(work, "rev-parse", "HEAD")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number in range(3):
        commit(folder, f"# {number}\n" * 300)
    return folder


def answers(work: Path, first: str, last: str) -> dict[str, object]:
    """Everything that is asked of a repository, or the error of it."""
    repository = GitRepository(work, cache=work.parent / "cache", branch="main")
    repository.use(None, "main")
    blob = "main.tf"
    asked: dict[str, Callable[[], object]] = {
        "entries": lambda: dict(repository.tree(last).entries),
        "read": lambda: repository.tree(last).read(blob),
        "older": lambda: repository.tree(first).read(blob),
        "streamed": lambda: list(stream_blobs(work, [repository.tree(last).entries[blob].blob])),
        "on branch": lambda: repository.on_protected_branch(first),
        "contains": lambda: repository.contains(last, first),
        "contained": lambda: repository.contains(first, last),
        "authors": lambda: repository.authors(None, last),
        "commits": lambda: repository.commits(first, last),
        "landed": lambda: repository.commits_on_first_parent(first, last),
        "touching": lambda: repository.commits_touching(first, last, (blob,)),
        "base": lambda: repository.merge_base(first, last),
        "dirty": lambda: repository.dirty,
        "conflicts": repository.conflicts,
    }
    found: dict[str, object] = {}
    for name, ask in asked.items():
        _listing.cache_clear()
        try:
            found[name] = ask()
        except TerraceError as error:
            found[name] = error
    return found


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", ["HEAD", "HEAD^{tree}", "HEAD:main.tf", "HEAD~1", "HEAD~2", "HEAD~2:main.tf"])
def test_a_lost_or_damaged_object_of_the_clone_is_told_and_never_read_as_no_changes(
    which: str, damage: str, work: Path
) -> None:
    first, last = git(work, "rev-parse", "HEAD~2"), git(work, "rev-parse", "HEAD")
    whole = answers(work, first, last)
    assert not [error for error in whole.values() if isinstance(error, TerraceError)]
    name = git(work, "rev-parse", which)
    DAMAGES[damage](work / ".git/objects" / name[:2] / name[2:])
    errors = 0
    for asked, found in answers(work, first, last).items():
        if isinstance(found, TerraceError):
            errors += 1
            assert found.exit_code == 2, (asked, found)
            assert found.hint, (asked, found)
            if not isinstance(found, NotReady):
                assert isinstance(found, BadInput)
                assert "protected branch" in found.message
        else:
            assert found == whole[asked], f"{asked} of a damaged clone is another answer"
    assert errors
    told = [str(found) for found in answers(work, first, last).values() if isinstance(found, NotReady)]
    assert any("missing or damaged" in one for one in told) or which == "HEAD"


def test_objects_of_another_clone_that_is_gone_are_named(work: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    git(tmp_path, "clone", "--quiet", "--shared", str(work), str(shared))
    last = git(work, "rev-parse", "HEAD")
    shutil.rmtree(work)
    _listing.cache_clear()
    with pytest.raises(NotReady, match="missing or damaged") as raised:
        dict(GitRepository(shared, cache=tmp_path / "c").tree(last).entries)
    assert raised.value.hint is not None
    assert str(work) in raised.value.hint


def test_a_blob_that_a_git_which_died_gave_in_part_is_no_blob(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = git(work, "rev-parse", "HEAD:main.tf")
    fake = work.parent / "bin"
    fake.mkdir()
    script = fake / "git"
    script.write_text(f"#!/bin/sh\nprintf '{blob} blob 1500\\nonly this'\nexit 128\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(NotReady):
        objects(work, [blob])
    with pytest.raises(NotReady):
        list(stream_blobs(work, [blob]))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_object_of_the_ledger_is_told_and_is_no_shorter_ledger(
    damage: str, work: Path, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(work, "remote", "add", "origin", str(tmp_path / "remote.git"))
    ids = iter(f"e{number}" for number in range(99))

    def ledger() -> GitLedger:
        return GitLedger(
            work, remote="origin", clock=lambda: datetime(2026, 1, 5, tzinfo=UTC), new_id=lambda: next(ids), key=NO_KEY
        )

    ledger().append([Draft(kinds.LEDGER_OPENED, "ledger", "ann", {"version": 1})], head=GENESIS)
    held = Draft(kinds.ENVIRONMENT_HELD, "prod", "ann", {"reason": "r"})
    ledger().append([held], head=ledger().read().head)
    ref = "refs/terrace/origin/terrace/ledger"
    for which in (f"{ref}:events/000000/000000001.jsonl", f"{ref}^{{tree}}", f"{ref}:events", f"{ref}~1", ref):
        name = git(work, "rev-parse", which)
        path = work / ".git/objects" / name[:2] / name[2:]
        kept = path.read_bytes()
        DAMAGES[damage](path)
        try:
            events = ledger().read().events
        except (NotReady, Corrupt) as error:
            assert error.exit_code == 2, (which, error)
            assert error.hint, which
        else:
            assert len(events) == 2, which
        path.unlink(missing_ok=True)
        path.write_bytes(kept)
    assert len(ledger().read().events) == 2


def test_grafts_and_variables_of_git_put_no_commit_on_the_protected_branch(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = GitRepository(work, cache=work.parent / "cache")
    repository.use(None, "main")
    tip, root = git(work, "rev-parse", "main"), git(work, "rev-parse", "main~2")
    git(work, "checkout", "--quiet", "-b", "evil", root)
    evil = commit(work, "evil\n", "eve")
    info = work / ".git/info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{tip} {evil}\n")
    assert git(work, "rev-list", "--first-parent", "main").split()[1] == evil, "Git itself believes it"
    assert repository.on_protected_branch(evil) is False
    assert repository.contains(tip, evil) is False
    assert [author.name for author in repository.authors(root, tip)] == ["ann"]
    (info / "grafts").unlink()
    other = work.parent / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--initial-branch=main")
    stranger = commit(other, "another repository\n", "eve")
    shallow = work.parent / "shallow"
    shallow.write_text(f"{tip}\n")
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_COMMON_DIR": other / ".git",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": other / ".git/objects",
        "GIT_SHALLOW_FILE": shallow,
        "GIT_GRAFT_FILE": shallow,
        "GIT_NAMESPACE": "evil",
        "GIT_QUARANTINE_PATH": other,
        "GIT_INDEX_FILE": other / ".git/index",
    }.items():
        monkeypatch.setenv(name, str(value))
    assert repository.protected_tip() == tip
    assert repository.on_protected_branch(root) is True
    assert repository.on_protected_branch(evil) is False
    with pytest.raises(NotReady):
        _ = repository.tree(stranger).entries["main.tf"]


def test_hooks_and_monitors_of_the_clone_hide_no_change_and_stop_nothing(work: Path) -> None:
    hooks = work.parent / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-index-change", "post-commit"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
        (hooks / name).chmod(0o755)
    monitor = hooks / "monitor"
    monitor.write_text("#!/bin/sh\nprintf 'token\\0'\n")
    monitor.chmod(0o755)
    git(work, "config", "core.hooksPath", str(hooks))
    git(work, "config", "core.fsmonitor", str(monitor))
    git(work, "status")
    (work / "main.tf").write_text("changed\n")
    seen = subprocess.run(["git", "status", "--porcelain"], cwd=work, capture_output=True, text=True, check=True).stdout
    assert seen == "", "Git itself believes the monitor"
    repository = GitRepository(work, cache=work.parent / "cache")
    repository.use(None, "main")
    assert repository.dirty == ("main.tf",)
    assert repository.tree(repository.snapshot()).read("main.tf") == b"changed\n"
    repository.tag("deployed/dev/x", repository.resolve("HEAD"), "m")


def test_what_is_pushed_to_another_repository_than_it_is_read_from_is_not_written(work: Path, tmp_path: Path) -> None:
    for name in ("remote.git", "fork.git"):
        git(tmp_path, "init", "--quiet", "--bare", name)
    git(work, "remote", "add", "origin", str(tmp_path / "remote.git"))
    ids = iter(f"e{number}" for number in range(99))

    def ledger() -> GitLedger:
        return GitLedger(
            work, remote="origin", clock=lambda: datetime(2026, 1, 5, tzinfo=UTC), new_id=lambda: next(ids), key=NO_KEY
        )

    first = [Draft(kinds.LEDGER_OPENED, "ledger", "ann", {"version": 1})]
    held = [Draft(kinds.ENVIRONMENT_HELD, "prod", "ann", {"reason": "r"})]
    for setting in ("remote.origin.pushurl", f"url.{tmp_path}/fork.git.pushInsteadOf"):
        git(work, "config", setting, str(tmp_path / ("fork.git" if "pushurl" in setting else "remote.git")))
        with pytest.raises(NotReady, match="another address"):
            ledger().append(first, head=GENESIS)
        assert ledger().read().events == ()
        git(work, "config", "--unset", setting)
        git(tmp_path / "fork.git", "update-ref", "-d", "refs/heads/terrace/ledger")
    git(work, "config", "remote.origin.pushurl", f"file://{tmp_path}/remote.git")
    history = ledger().append(first, head=GENESIS)
    assert len(ledger().append(held, head=history.head).events) == 2
    assert len(ledger().read().events) == 2, "two addresses of one repository are fine"
