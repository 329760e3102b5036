"""What Terrace must still have when the machine dies is on disk before anything follows from it.

A rename puts a file there at once for processes that live. After a crash of the machine the file may be empty, zeroed,
or the old one, unless its content was synced before the rename and its folder after it.
"""

from __future__ import annotations

import ast
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.git import git, repository
from support.syntax import SOURCE, trees
from terrace.adapters.files import write_new, write_whole
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.seen import SeenHead
from terrace.errors import Corrupt
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import seal
from terrace.ledger.model import Draft

DURABLE = {
    "adapters/artifacts.py": "copies of states and plans that are handed over",
    "adapters/files.py": "files of the working tree; what is put into a private checkout is written anew",
    "adapters/ledgers/seen.py": "the head of the ledger that this machine saw",
    "adapters/runner/run_folder.py": "the records of a run",
    "adapters/terraform/left_states.py": "a state that was moved is not taken for the state again",
}
"""Files with a rename or a link that has to last: each syncs what it writes, and the folder."""

PASSING = {
    "adapters/before_plan/commands.py": "what a command wrote: a damaged copy is made again",
    "adapters/isolation/folders.py": "folders that are being removed",
    "adapters/git/worktree.py": "the record of a private checkout: a damaged one has it written anew",
    "adapters/folder_page.py": "pages for people",
    "adapters/runner/permits.py": "permits live in the memory of one boot, and a crash of the machine ends it",
    "adapters/cache_file.py": "answers of providers that are asked again",
    "adapters/terraform/private.py": "saved plans in memory",
    "adapters/tools/install.py": "tools, which are checked by their hash",
    "adapters/terraform/cli_config.py": "written by each process",
    "adapters/terraform/data_folder.py": "what `terraform init` makes again",
}
"""Files whose renames and links need not last: what is lost is made again."""


def moves(tree: ast.AST) -> list[ast.Call]:
    """The calls that put a file in its place: renames, links, and `Path.replace`, which has one argument."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, given = node.func.attr, len(node.args)
            of_os = isinstance(node.func.value, ast.Name) and node.func.value.id in ("os", "shutil")
            moved = name in ("rename", "renames", "link", "hardlink_to") or (name == "move" and of_os)
            if moved or (name == "replace" and (of_os or (given == 1 and not node.keywords))):
                found.append(node)
    return found


def test_every_rename_is_synced_or_need_not_last() -> None:
    """A new place that renames is listed here, with the reason why it may be lost or as one that syncs."""
    found = {path for path, tree in trees(r"\.(?:rename|renames|link|hardlink_to|move|replace)\b") if moves(tree)}
    assert found - PASSING.keys() == DURABLE.keys()
    for name in DURABLE:
        text = (SOURCE / name).read_text()
        assert re.search(r"fsync\(|sync_folder\(", text), name


@pytest.mark.parametrize("write", [write_whole, write_new])
def test_a_file_of_the_working_tree_is_synced_with_its_folder(tmp_path: Path, write: object) -> None:
    """In another process, whose syncs are counted by the system's own library."""
    assert callable(write)
    synced: list[str] = []
    sync = os.fsync

    def told(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    os.fsync = told  # type: ignore[assignment]
    try:
        write(tmp_path, "waivers.yaml", b"x")
    finally:
        os.fsync = sync
    assert len(synced) == 2 and synced[-1] == str(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_an_event_of_the_ledger_is_on_disk_before_anything_follows_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default Git leaves new objects to the memory of the system: the branch leads to zeros after a crash."""
    work = repository(tmp_path / "work")
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    monkeypatch.delenv("GIT_TEST_FSYNC", raising=False)
    ledger = GitLedger(
        work, remote=None, clock=lambda: datetime(2026, 3, 2, tzinfo=UTC), new_id=lambda: "e1", key=NO_KEY
    )
    ledger.append((Draft("environment.held", "dev", "ann", {"reason": "x"}),), head=ledger.read().head)
    monkeypatch.delenv("GIT_TRACE2_EVENT")
    flushed: dict[str, int] = {}
    command = ""
    for line in trace.read_text().splitlines():
        told = json.loads(line)
        if told["event"] == "cmd_name":
            command = told["name"]
        if told.get("key") == "fsync/hardware-flush":
            flushed[command] = flushed.get(command, 0) + int(told["value"])
    assert flushed.get("unpack-objects", 0) >= 4, "an event, its folders and the commit"
    assert flushed.get("update-ref", 0) >= 1
    assert git(work, "fsck", "--strict") == ""


@pytest.mark.parametrize("damage", [b"", b"\0" * 80, b'{"events": 1', b'{"events": 0, "head": ""}'])
def test_a_note_of_the_head_that_a_crash_emptied_is_told_and_not_taken_for_none(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "seen.json").write_bytes(damage)
    with pytest.raises(Corrupt):
        SeenHead(tmp_path / "seen.json").load()


def test_a_sqlite_ledger_keeps_a_commit_that_a_crash_follows() -> None:
    """With FULL a commit may be taken back: the folder is not synced after the journal is removed."""
    assert "PRAGMA synchronous = EXTRA" in (SOURCE / "adapters/ledgers/sqlite.py").read_text()


def test_threads_of_one_process_record_the_head_at_the_same_time(tmp_path: Path) -> None:
    """Stacks are compared in parallel, and each comparison may read the ledger."""
    draft = Draft("deployment.opened", "d1", "ann", {})
    event = seal(draft, position=0, previous="", id="e1", time=datetime(2026, 1, 5, tzinfo=UTC), key=NO_KEY)
    seen = SeenHead(tmp_path / "home/seen.json")

    def record(_: int) -> None:
        seen.forget()
        seen.note((event,))

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(record, range(400)))
    assert seen.load() == (1, event.hash)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["seen.json"]
