"""The ledger on a Git branch: one commit an append, pushed fast-forward only. The remote decides who was first.

    terrace/ledger:  events/000000/000000000.jsonl   the events of the first append
                     events/000000/000000003.jsonl   of the next, named by the position of its first event
                     README.md a summary, for people; nothing is ever read from it

Folders of a thousand positions keep trees small. All is done with plumbing; no checkout, index or hook is involved.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from terrace.adapters.git.access import Access, usual
from terrace.adapters.git.command import LOCAL_SECONDS, NETWORK_SECONDS, failure, git, mask_tokens, stream_blobs
from terrace.adapters.git.packs import DURABLE, Object, make_object, make_tree, write_objects
from terrace.adapters.git.remote_errors import explain_remote
from terrace.adapters.git.standing_refs import conflicting_refs, resolution
from terrace.adapters.host import sync_folder
from terrace.adapters.ledgers.seen import SeenHead
from terrace.adapters.ledgers.snapshots import SnapshotFile
from terrace.adapters.process import Finished
from terrace.config.naming import quote_word
from terrace.errors import Conflict, Corrupt, NotReady, TerraceError
from terrace.ledger.authenticity import LedgerKey
from terrace.ledger.chain import decode_all, encode, seal_all
from terrace.ledger.collector import without_collector
from terrace.ledger.event import Event
from terrace.ledger.model import Draft, History
from terrace.ledger.old_events import Lines, trusted_after
from terrace.ledger.snapshot import Snapshot, is_due, recall, resume, take

BRANCH = "terrace/ledger"
README = "README.md"

Page = Callable[[History, Sequence[Event]], str | None]
"""Renders the README of the branch from all events and the new ones."""

_Listing = dict[str, tuple[str, str]]
"""Paths of a commit of the branch, each with its mode and id."""

_FOLDER_SIZE = 1000
_PART = 10_000
"""Events that are decoded at once: the memory of a long ledger is that of a part and of a snapshot."""

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_STRANGE = re.compile(r"[\x00-\x1f<>\x7f]")
_TRIMMED = " .,:;\"'\\"
_FETCHES = 10
_BESIDE = "cannot create"
"""Git's message for a ref that conflicts with another one."""

_MOVED = ("cannot lock ref", "File exists", "rejected")
"""Git's message if another process updated a ref during the check; a second check distinguishes that from damage."""


class GitLedger:
    """Events on a branch of `repository`; with a `remote`, the remote's branch is the truth.

    Read events are cached: a later read only fetches and decodes new ones. With the `key` of the ledger events
    are written with their codes, and the codes of others are checked. `page` gives what people read on the
    branch once these new events are written, None where they change nothing of it. Without `fetch` it only reads what
    was fetched before: for commands that change nothing while the remote cannot be reached.
    """

    def __init__(
        self,
        repository: Path,
        *,
        remote: str | None,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        branch: str = BRANCH,
        page: Page = lambda history, new: None,
        access: Access = usual,
        seen_head: SeenHead | None = None,
        snapshots: SnapshotFile | None = None,
        key: LedgerKey,
        fetch: bool = True,
    ) -> None:
        self._repository = repository
        self._fetches = fetch
        self._remote = remote
        self._clock = clock
        self._new_id = new_id
        self._branch = branch
        self._page = page
        self._access = access
        self._seen = seen_head
        self._snapshots = snapshots
        self._unsaved: Snapshot | None = None
        self._key = key
        # Stacks are compared in threads: a thread that found an older tip must not compare it with newer events.
        self._one_at_a_time = threading.RLock()
        self._tip = ""
        self._history = History(key=key)
        self._vetted: tuple[str, History] | None = None
        self._listings: Mapping[tuple[str, str], _Listing] = {}
        self._made: Sequence[Object] = ()

    @property
    def _ref(self) -> str:
        """The local ref that moves: the branch itself, or what is known of the remote's."""
        if self._remote is None:
            return f"refs/heads/{self._branch}"
        return f"refs/terrace/{self._remote}/{self._branch}"

    @property
    def _incoming(self) -> str:
        """The ref into which the remote's branch is fetched before its content is checked."""
        return f"refs/terrace/incoming/{self._remote}/{self._branch}"

    # --- reading -----------------------------------------------------------------------------------------------

    def read(self) -> History:
        with self._one_at_a_time:
            return self._read()

    def _read(self) -> History:
        before = self._seen.load() if self._seen is not None else None
        tip = self._fetch()
        if tip != self._tip:
            vetted = self._vetted
            self._history = vetted[1] if vetted is not None and vetted[0] == tip else self._continue_to(tip)
            self._tip = tip
        if self._seen is not None:
            self._seen.check(self._history.events, before)
        self._history = self._with_snapshot(self._history, tip)
        if self._snapshots is not None and self._unsaved is not None:
            self._snapshots.save(self._unsaved)
            self._unsaved = None
        return self._history

    def read_unchecked(self) -> tuple[Event, ...]:
        try:
            tip = self._fetch()
        except Corrupt:
            # The fetched branch is not a continuation: its content is checked.
            tip = self._tip_of(self._incoming) or self._local_tip()
        lines = [line for part in self._parts(tip, after=0) for line in part]
        return decode_all(lines)

    def _continue_to(self, tip: str) -> History:
        """Returns the history at `tip`, and decodes only new events."""
        known = self._history
        history = self._read_on(known if known.events else self._recall(tip) or known, tip)
        if history is not None and history is not known:
            return history
        whole = self._read_on(History(key=self._key), tip) or History(key=self._key)
        if not known.events and not whole.events:
            raise self._no_ledger(tip)
        if whole.events[: len(known.events)] != known.events:
            raise Corrupt(
                f"the ledger branch {self._branch} has diverged from the events that were read before",
                hint="it was rewritten or deleted; Terrace stops until you restore it "
                f"(last known commit: {self._tip})",
            )
        return whole

    def _read_on(self, known: History, tip: str) -> History | None:
        """Returns the history at `tip`, which continues a known one; None where it does not."""
        history = known
        with without_collector():
            for lines in self._parts(tip, after=len(known.events)):
                events = decode_all(lines, first=len(history.events))
                if known.events and history is known and events[0].previous != known.head:
                    return None
                history = self._with_snapshot(history.continue_with(trusted_after(history, events)), tip)
        return history

    def _with_snapshot(self, history: History, tip: str) -> History:
        """Returns the same history, with a new snapshot in place of old events if one is due."""
        if self._snapshots is None or not is_due(history):
            return history
        self._unsaved = take(history, self._snapshots.folds, tip)
        return resume(self._unsaved, history, self._lines_at(tip))

    def _recall(self, tip: str) -> History | None:
        """Returns the history of the snapshot of this clone; None without a snapshot of this branch."""
        snapshot = self._snapshots.load() if self._snapshots is not None and tip else None
        if snapshot is None or not self._is_of(snapshot, tip):
            return None
        return recall(snapshot, self._key, self._lines_at(snapshot.anchor))

    def _is_of(self, snapshot: Snapshot, tip: str) -> bool:
        """Returns whether the branch has the commit of a snapshot, and added nothing but later events since."""
        anchor = snapshot.anchor
        if anchor == tip:
            return True
        if not _ID.fullmatch(anchor) or self._git("merge-base", "--is-ancestor", anchor, tip, check=False).code != 0:
            return False
        changes = self._changes(anchor, tip)
        return all(change.is_new and _position(change.name) >= snapshot.count for change in changes)

    def _lines_at(self, commit: str) -> Lines:
        """Returns what reads lines of events from a commit of the branch."""

        def lines(first: int, last: int) -> Sequence[bytes]:
            parts = self._parts(commit, after=first, before=last)
            return [line for part in parts for line in part][: last - first]

        return lines

    def _no_ledger(self, tip: str) -> Corrupt:
        """The error for a branch of the ledger's name that never was one: nothing is written on top of it."""
        ref, moved = f"refs/heads/{self._branch}", f"old/{self._branch}"
        if self._remote is None:
            how = f"git branch -m {self._branch} {moved}"
        else:
            how = f"git push {quote_word(self._remote)} {tip}:refs/heads/{moved} :{ref}"
        where = "this repository" if self._remote is None else f"the remote {self._remote!r}"
        return Corrupt(
            f"the branch {self._branch} of {where} contains no events, so it is not a Terrace ledger",
            hint=f"if that branch is yours, rename it: {how}; if it was the ledger, a clone may have it whole",
        )

    def _parts(self, tip: str, *, after: int, before: int | None = None) -> Iterator[list[bytes]]:
        """Yields the lines of the events at `after` and later, up to those at `before`, a part of them at a time."""
        files = self._files(tip, after, before) if tip else []
        if files and self._partial:
            self._complete(tip)
        lines: list[bytes] = []
        contents = stream_blobs(self._repository, [blob for _, blob in files])
        for (first, _), (_, content) in zip(files, contents, strict=True):
            lines += content.splitlines()[max(after - first, 0) :]
            if len(lines) >= _PART:
                yield lines
                lines = []
        if lines:
            yield lines

    def _files(self, tip: str, after: int, before: int | None) -> list[tuple[int, str]]:
        """Returns the first position and the blob of each file with events at `after` and later, up to `before`."""
        paths = ["events/"]
        if after:
            listed = self._git("ls-tree", "-z", "--name-only", tip, "--", "events/").out.split(b"\0")
            folders = sorted(name for name in listed if name)
            # The last file of a folder can have events of the next thousand.
            start = bisect_right(folders, f"events/{_place(after)[0]}".encode())
            end = len(folders) if before is None else bisect_right(folders, f"events/{_place(before)[0]}".encode())
            paths = [f"{os.fsdecode(name)}/" for name in folders[max(start - 2, 0) : end]]
        listed = self._git("ls-tree", "-r", "-z", tip, "--", *paths).out.split(b"\0") if paths else []
        rows = (line.split(b"\t", 1) for line in listed if line)
        files = sorted((_position(name), head.split()[2].decode()) for head, name in rows)
        first = max(bisect_right(files, (after, "~")) - 1, 0)
        last = len(files) if before is None else bisect_left(files, (before, ""))
        return files[first:last]

    @cached_property
    def _partial(self) -> bool:
        """Returns whether this clone omits contents that the remote has (a partial clone)."""
        setting = self._git("config", "--type=bool", f"remote.{self._remote}.promisor", check=False)
        return setting.out.strip() == b"true"

    def _complete(self, tip: str) -> None:
        """Bring what a partial clone left out, all at once: Git on its own would fetch event by event."""
        assert self._remote is not None, "only a clone is partial"
        listed = self._git("rev-list", "--objects", "--no-object-names", "--missing=print", tip).out
        missing = b"\n".join(line[1:] for line in listed.splitlines() if line.startswith(b"?"))
        if not missing:
            return
        options = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--filter=blob:none", "--stdin")
        negotiation = ("-c", "fetch.negotiationAlgorithm=noop")
        done = self._git(*negotiation, "fetch", *options, self._remote, stdin=missing, check=False, network=True)
        if done.code != 0:
            raise self._unreadable(done.message)

    def _local_tip(self) -> str:
        return self._tip_of(self._ref)

    def _tip_of(self, ref: str) -> str:
        done = self._git("rev-parse", "--verify", "--quiet", ref, check=False)
        if done.code not in (0, 1):
            # A git that died said nothing: no branch and no answer are two things.
            raise NotReady(
                f"the ledger cannot be read in {self._repository}: git rev-parse exited with {done.code}",
                hint="try again; `git fsck` looks at the repository itself",
            )
        return os.fsdecode(done.out).strip()

    def _tips(self, *refs: str) -> list[str]:
        """Where these refs are, asked for at once; "" for one that is not there."""
        done = self._git("for-each-ref", "--format=%(objectname) %(refname)", *refs, check=False)
        # A damaged ref is left out with a warning: a missing branch and a damaged one are different.
        if done.code != 0 or b"broken ref" in done.err:
            raise NotReady(
                f"the ledger cannot be read in {self._repository}: git for-each-ref exited with {done.code}: "
                f"{mask_tokens(done.message)}",
                hint="try again; `git fsck` looks at the repository itself",
            )
        lines = (line.partition(" ") for line in os.fsdecode(done.out).splitlines())
        tips = {ref: tip for tip, _, ref in lines}
        return [tips.get(ref, "") for ref in refs]

    def _fetch(self) -> str:
        """Fetches the remote's branch, never backwards: a rewritten branch is not a ledger any more.

        Returns where the ref of what was read is then; "" where there is none.
        """
        if self._remote is None or not self._fetches:
            return self._local_tip()
        # To a place of its own: the ref of what was read moves only once the content is checked.
        spec = f"+refs/heads/{self._branch}:{self._incoming}"
        # Not quiet: a refused update would be visible in the exit code alone. No refmap: no ref moves but ours.
        options = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=", *self._depth)
        problem, backwards = "", 0
        for _ in range(_FETCHES):
            done = self._git("fetch", *options, self._remote, spec, check=False, network=True)
            problem = done.message
            if done.code == 0:
                problem, tip = self._accept()
                if not problem:
                    return tip
                backwards += problem == "rejected"
                if backwards > 1 or _BESIDE in problem:
                    break
                continue
            absent = _absent(problem)
            if absent and not self._local_tip():
                return ""
            # Another process of this clone may have written between the remote's answer and our look at the ref.
            if _BESIDE in problem or (not absent and not any(sign in problem for sign in _MOVED)):
                break
        raise self._unreadable(problem)

    @property
    def _depth(self) -> tuple[str, ...]:
        """Returns the options of the first fetch of a shallow clone: the newest commit of the branch has all events.

        In a full clone a depth would cut the history of the clone.
        """
        # The file and not `git rev-parse`: full clones need no further process.
        is_shallow = (self._repository / ".git" / "shallow").is_file()
        return ("--depth=1",) if is_shallow and not any(self._tips(self._incoming, self._ref)) else ()

    def _accept(self) -> tuple[str, str]:
        """Move the ref of what was read to what was brought, if that only adds events.

        Returns why the ref was not updated, and its position: "" when it did, "rejected" when that goes back, else what
        Git said. Raises Corrupt if the fetched commits change or remove earlier content.
        """
        incoming, current = self._tips(self._incoming, self._ref)
        if incoming == current:
            return "", current
        if current:
            # Another process of this clone may have pushed after this one had asked: that shows by asking again.
            forward = self._git("merge-base", "--is-ancestor", current, incoming, check=False)
            if forward.code not in (0, 1):
                # A damaged object does not mean that the branch was rewritten.
                raise failure(self._repository, "merge-base", forward)
            if forward.code != 0:
                # That fails where a commit between them is lost here, which Git treats as the beginning of history.
                self._git("rev-list", "--count", f"{current}..{incoming}", "--")
                return "rejected", current
            self._check_added(current, incoming)
        self._vetted = incoming, self._continue_to(incoming)
        moved = self._git("update-ref", self._ref, incoming, current, check=False)
        if moved.code == 0:
            return "", incoming
        # Another process of this clone may have moved it. If nothing moved, the fetched commits are not here.
        tip = self._local_tip()
        return moved.message or "cannot lock ref" if tip == current else "", tip

    def _check_added(self, current: str, incoming: str) -> None:
        """Raise Corrupt unless below `events/` there are only new files between two commits."""
        for change in self._changes(current, incoming):
            if not change.is_new:
                raise Corrupt(
                    f"the ledger branch {self._branch} has diverged from the record of this clone: "
                    f"{os.fsdecode(change.name)!a} was changed or removed",
                    hint=f"Terrace stops until you restore it; {self._ref} has the recorded version: "
                    f"git push --force {self._remote} {self._ref}:refs/heads/{self._branch}",
                )

    def _changes(self, current: str, incoming: str) -> list[_Change]:
        """Returns the changes below `events/` between two commits."""
        options = ("--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv")
        changed = self._git("diff-tree", *options, current, incoming, "--", "events").out.split(b"\0")
        changes = []
        for head, name in zip(changed[::2], changed[1::2], strict=False):
            words = head.split()
            changes.append(_Change(name, len(words) == 5 and words[4] == b"A" and words[1] == b"100644"))
        return changes

    def _unreadable(self, output: str) -> TerraceError:
        if _absent(output):
            return Corrupt(
                f"the ledger branch {self._branch} was deleted at the remote {self._remote!r}",
                hint=f"this clone still has it; push it back: git push {self._remote} {self._ref}:"
                f"refs/heads/{self._branch}",
            )
        if _BESIDE in output:
            for ref in (self._incoming, self._ref):
                standing = conflicting_refs(self._repository, ref, None, {})
                if standing:
                    why, how = resolution(ref, standing, None)
                    return NotReady(f"the ledger cannot be kept in {self._repository}: {why}", hint=how)
        if "rejected" in output:
            return Corrupt(
                f"the ledger branch {self._branch} of {self._remote!r} has diverged from the record of this clone",
                hint="it was rewritten; Terrace stops until you restore it "
                f"(the record of this clone is at {self._ref})",
            )
        why, begins = explain_remote(output)
        hint = f"{begins}check the network and your access: git ls-remote {self._remote}"
        if "File exists" in output:
            hint = "a git that was killed left that lock; remove the file once you know that no git works here"
        return NotReady(f"the ledger cannot be read from the remote {self._remote!r}: {why}", hint=hint)

    # --- writing -----------------------------------------------------------------------------------------------

    def append(self, drafts: Sequence[Draft], *, head: str) -> History:
        with self._one_at_a_time:
            return self._append(drafts, head)

    def _append(self, drafts: Sequence[Draft], head: str) -> History:
        if self._history.head != head:
            self.read()
        if self._history.head != head:
            raise Conflict("another process wrote to the ledger first")
        if not drafts:
            return self._history
        sealed = seal_all(
            drafts,
            events=len(self._history.events),
            head=head,
            ids=[self._new_id() for _ in drafts],
            time=self._clock(),
            latest=self._history.events[-1].time if self._history.events else None,
            key=self._key,
        )
        following = self._history.continue_with(sealed)
        commit = self._commit(sealed, following)
        if self._remote is None:
            self._move(commit)
        else:
            self._push(commit)
        self._history = following
        self._tip = commit
        if self._seen is not None:
            self._seen.note(following.events)
        return following

    def _commit(self, sealed: Sequence[Event], following: History) -> str:
        digits = len(self._tip) or self._digits()
        folder, name = _place(sealed[0].position)
        listing = self._list(folder)
        objects = [make_object("blob", b"".join(encode(event) + b"\n" for event in sealed), digits=digits)]
        listing[f"events/{folder}/{name}"] = "100644", objects[-1].id
        text = self._page(following, sealed)
        if text is not None:
            objects.append(make_object("blob", text.encode(), digits=digits))
            listing[README] = "100644", objects[-1].id
        for path in (f"events/{folder}", "events"):
            objects.append(make_tree(_children(listing, f"{path}/"), digits=digits))
            listing[path] = "40000", objects[-1].id
        objects.append(make_tree(_children(listing, ""), digits=digits))
        objects.append(make_object("commit", self._describe(sealed, objects[-1].id), digits=digits))
        self._write(objects)
        self._listings = {(objects[-1].id, folder): listing}
        return objects[-1].id

    def _describe(self, sealed: Sequence[Event], tree: str) -> bytes:
        """Returns the commit message of these events."""
        first = sealed[0]
        who = f"{_clean(first.actor) or 'terrace'} <terrace@localhost> {int(first.time.timestamp())} +0000"
        parents = [f"parent {self._tip}"] if self._tip else []
        subjects = _clean(", ".join(f"{event.kind} {event.subject}" for event in sealed))
        head = [f"tree {tree}", *parents, f"author {who}", f"committer {who}"]
        return "\n".join([*head, "", subjects, ""]).encode()

    def _list(self, folder: str) -> _Listing:
        """Returns the entries of the tip besides the events, and of that folder of them."""
        if not self._tip:
            return {}
        known = self._listings.get((self._tip, folder))
        if known is not None:
            return dict(known)
        # By path: a missing one lists nothing without an error, so that every error is a real one.
        paths = ("events/", f"events/{folder}/", README)
        done = self._git("ls-tree", "-t", "-z", self._tip, "--", *paths, check=False)
        if done.code != 0:
            raise NotReady(
                f"the ledger cannot be read in {self._repository}: git ls-tree exited with {done.code}",
                hint="not recorded; try again",
            )
        lines = (line.partition("\t") for line in done.out.decode().split("\0") if line)
        return {path: (meta.split()[0], meta.split()[2]) for meta, _, path in lines}

    def _digits(self) -> int:
        """How many digits the ids of this repository have."""
        return 64 if self._git("rev-parse", "--show-object-format").out.strip() == b"sha256" else 40

    def _push(self, commit: str) -> None:
        assert self._remote is not None, "asked only where there is one"
        plain = ("--no-verify", "--no-signed", "--no-follow-tags", "--no-recurse-submodules")
        options = ("--quiet", "--porcelain", *plain)
        spec = f"{commit}:refs/heads/{self._branch}"
        try:
            done = self._git("push", *options, self._remote, spec, check=False, network=True)
        except NotReady as error:
            self._look_again(commit, error.message)
        else:
            if done.code != 0:
                self._look_again(commit, _refusal(done))
            elif self._pushes_elsewhere:
                # Others read at the other address: what is not there is not written.
                self._look_again(commit, "it is pushed to another address than it is read from, and is not there")
        # Where this fails, another process of this clone was quicker to note the same commit or a later one.
        self._git("update-ref", self._ref, commit, self._tip, check=False)

    @cached_property
    def _pushes_elsewhere(self) -> bool:
        """Returns whether the configuration of the clone has another URL for pushes, maybe another repository."""
        assert self._remote is not None, "asked only where there is one"
        pushed = self._git("remote", "get-url", "--push", "--all", "--", self._remote).out
        return pushed != self._git("remote", "get-url", "--", self._remote).out

    def _move(self, commit: str) -> None:
        """Move the local branch from where it was read to the new commit."""
        done = self._git(*DURABLE, "update-ref", self._ref, commit, self._tip, check=False)
        if done.code != 0:
            self._look_again(commit, done.message)
        self._settle()

    def _settle(self) -> None:
        """Make the names of the new files durable: Git brings their contents to disk, and not the folders."""
        common = self._common
        newest = {common / "objects" / item.id[:2] for item in self._made}
        for folder in (*sorted(newest), common / "objects", (common / self._ref).parent):
            # A ref may be kept otherwise than as a file, and objects may have been packed meanwhile.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                sync_folder(folder)

    @cached_property
    def _common(self) -> Path:
        """The folder with the refs and objects that every worktree of this repository shares."""
        return self._repository / os.fsdecode(self._git("rev-parse", "--git-common-dir").out.rstrip(b"\n"))

    def _look_again(self, commit: str, output: str) -> None:
        """Find out what became of a write that was not confirmed; return when it is there and only the answer got lost.

        Messages differ between forges; the current content of the branch shows who was first.
        """
        try:
            tip = self._fetch()
        except NotReady as error:
            raise self._refusal(output) from error
        if tip and self._git("merge-base", "--is-ancestor", commit, tip, check=False).code == 0:
            return
        if tip != self._tip or "File exists" in output:
            raise Conflict("another process wrote to the ledger first")
        raise self._refusal(output)

    def _refusal(self, output: str) -> NotReady:
        where = "this repository" if self._remote is None else f"the remote {self._remote!r}"
        # Servers report it in many forms, or not at all: the refs themselves are read.
        ref = f"refs/heads/{self._branch}"
        standing = conflicting_refs(self._repository, ref, self._remote, self._access())
        if standing:
            why, how = resolution(ref, standing, self._remote)
            return NotReady(f"{where} rejected the ledger: {why}", hint=how)
        if self._remote is None:
            hint = "check that you may write into .git of this repository"
        else:
            hint = f"check your access: everyone who deploys pushes to the branch {self._branch}, without force"
        return NotReady(f"{where} rejected the ledger: {mask_tokens(output)}", hint=hint)

    # --- git ---------------------------------------------------------------------------------------------------

    def _write(self, objects: Sequence[Object]) -> None:
        self._made = objects
        done = write_objects(self._repository, objects)
        if done.code != 0:
            raise NotReady(
                f"the ledger cannot be written into {self._repository}: {done.message}",
                hint="not recorded; check the free disk space and the permissions of .git",
            )

    def _git(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        network: bool = False,
    ) -> Finished:
        limit, shown = (NETWORK_SECONDS, self._access()) if network else (LOCAL_SECONDS, {})
        done = git(self._repository, *args, stdin=stdin, env={**shown, **(env or {})}, timeout=limit)
        if check and done.code != 0:
            raise failure(self._repository, args[0], done)
        return done


class _Change(NamedTuple):
    """A change of a file of the branch. `is_new`: a plain file was added."""

    name: bytes
    is_new: bool


def _absent(output: str) -> bool:
    return "couldn't find remote ref" in output.lower()


def _refusal(done: Finished) -> str:
    """Returns the messages of a failed push: those of the remote, and Git's reason for each ref."""
    reasons = [line for line in done.out.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    return "\n".join([done.message, *reasons])


def _clean(text: str) -> str:
    """Text as Git takes it for a name or a message: no control characters, nothing that is not a character."""
    return _STRANGE.sub("", text).encode("utf-8", "replace").decode().strip(_TRIMMED)


def _children(listing: _Listing, folder: str) -> _Listing:
    """Returns the entries of a folder, by name; the folder is "" or ends with a slash."""
    below = {path.removeprefix(folder): entry for path, entry in listing.items() if path.startswith(folder)}
    return {name: entry for name, entry in below.items() if name and "/" not in name}


def _place(position: int) -> tuple[str, str]:
    return f"{position // _FOLDER_SIZE:06d}", f"{position:09d}.jsonl"


def _position(name: bytes) -> int:
    match = re.fullmatch(rb"events/\d+/(\d+)\.jsonl", name)
    if match is None:
        raise Corrupt(
            f"the ledger branch holds {os.fsdecode(name)!r}, which Terrace did not write",
            hint="a commit that only removes it brings the branch in order; find out who may push there",
        )
    return int(match[1])
