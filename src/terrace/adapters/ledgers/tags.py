"""What the tags of deployments tell of the ledger: a clone that never saw it knows from them where it has been."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.git.access import Access, usual
from terrace.adapters.git.command import NETWORK_SECONDS, git
from terrace.errors import Corrupt, NotReady
from terrace.ledger.events.people import LedgerOpened
from terrace.ledger.model import Event

_FOLDER = "refs/tags/deployed"
_LINE = re.compile(r"Ledger: ([A-Za-z0-9][A-Za-z0-9_-]{0,63}) ([1-9][0-9]{0,15}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class TaggedHead:
    """What one tag says: the ledger's id, how many events it had, and the hash of the last one."""

    tag: str
    ledger: str
    events: int
    head: str


class TagsOfDeployments:
    """The tags `deployed/*` of a repository and, where there is no ledger, of its remote."""

    def __init__(self, repository: Path, remote: str | None, access: Access = usual) -> None:
        self._repository = repository
        self._remote = remote
        self._access = access
        self._checked = ""

    def check(self, events: tuple[Event, ...]) -> None:
        """Raise Corrupt where these events are not those that tags tell of, or there are none although there are
        tags."""
        head = events[-1].hash if events else "none"
        if head == self._checked:
            return
        names, heads = self._read()
        if not events:
            self._insist_on_none(names or self._at_the_remote())
        for one in heads if events else ():
            self._compare(one, events)
        self._checked = head

    def _compare(self, one: TaggedHead, events: tuple[Event, ...]) -> None:
        first = events[0].record
        if one.ledger == events[0].id:
            if len(events) < one.events or events[one.events - 1].hash != one.head:
                raise Corrupt(
                    f"the ledger lacks what the tag {one.tag} tells of: {one.events} events, the last {one.head[:12]}",
                    hint="it was cut or rewritten, and nothing is done until that is understood; a clone elsewhere may "
                    "have it whole",
                )
        elif not (isinstance(first, LedgerOpened) and first.began_anew):
            raise Corrupt(
                f"the tag {one.tag} tells of the ledger {one.ledger}, and this one is {events[0].id}",
                hint="nothing is done until that is understood: another ledger lies in its place; a clone elsewhere "
                "may have it",
            )

    def _insist_on_none(self, names: tuple[str, ...]) -> None:
        if names:
            raise Corrupt(
                f"there is no ledger, although something was deployed: the tag {names[-1]} is there",
                hint="it was deleted, or cannot be seen from here; a clone that has it can push it back. "
                "Where it is lost for good: `terrace ledger begin --reason WHY`",
            )

    def _read(self) -> tuple[tuple[str, ...], tuple[TaggedHead, ...]]:
        form = "--format=%(refname:strip=2)%00%(contents)%00"
        done = git(self._repository, "for-each-ref", "--sort=refname", form, _FOLDER)
        if done.code != 0:
            raise NotReady(f"the tags cannot be read in {self._repository}: git for-each-ref ended with {done.code}")
        parts = done.out.decode("utf-8", "replace").split("\0")
        names = [name.lstrip("\n") for name in parts[:-1:2]]
        heads = []
        for name, content in zip(names, parts[1::2], strict=False):
            lines = content.strip().splitlines()
            found = _LINE.fullmatch(lines[-1]) if lines else None
            if found is not None:
                heads.append(TaggedHead(name, found[1], int(found[2]), found[3]))
        return tuple(names), tuple(heads)

    def _at_the_remote(self) -> tuple[str, ...]:
        """The names of the remote's tags: a clone need not have fetched them."""
        if self._remote is None:
            return ()
        argv = ("ls-remote", "--tags", "--refs", self._remote, "deployed/*")
        done = git(self._repository, *argv, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            raise NotReady(f"the tags of the remote {self._remote!r} cannot be read", hint="check the network")
        lines = done.out.decode("utf-8", "replace").splitlines()
        return tuple(line.partition("refs/tags/")[2] for line in lines)
