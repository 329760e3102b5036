"""The records of the ledger in deployment tags: a new clone learns from them how far the ledger had come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.git.access import Access, usual
from terrace.adapters.git.command import NETWORK_SECONDS, git, mask_tokens
from terrace.adapters.git.names import is_refname
from terrace.errors import Corrupt, NotReady
from terrace.ledger.event import Event
from terrace.ledger.replacement import Proves, replacement_of

_FOLDER = "refs/tags/deployed"
_LINE = re.compile(r"Ledger: ([A-Za-z0-9][A-Za-z0-9_-]{0,63}) ([1-9][0-9]{0,15}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class TaggedHead:
    """The content of one tag: the ledger's id, its number of events, and the hash of the last one."""

    tag: str
    ledger: str
    events: int
    head: str


class TagsOfDeployments:
    """The tags `deployed/*` of a repository and, where there is no ledger, of its remote."""

    def __init__(self, repository: Path, remote: str | None, proves: Proves, access: Access = usual) -> None:
        """`proves` says whether it was a signer of the trust root who began a ledger in the place of another."""
        self._repository = repository
        self._remote = remote
        self._proves = proves
        self._access = access
        self._checked = ""

    def check(self, events: Sequence[Event]) -> None:
        """Raises Corrupt if these events are not those of the tags, or there are none although there are tags."""
        head = events[-1].hash if events else "none"
        if head == self._checked:
            return
        names, heads = self._read()
        if not names:
            names = self._at_the_remote()
            if names and events:
                self.fetch(_newest(names))
                heads = self._read()[1]
        if not events:
            self._insist_on_none(names)
        for tagged in heads if events else ():
            self._compare(tagged, events)
        self._checked = head

    def fetch(self, names: tuple[str, ...] = ("deployed/*",)) -> None:
        """Bring these tags of the remote here. Raises NotReady when it is out of reach."""
        if self._remote is None:
            return
        # In a full clone a depth would cut its history; in a shallow one its absence would bring all of it.
        shallow = git(self._repository, "rev-parse", "--is-shallow-repository").out.strip() == b"true"
        depth = ("--depth=1",) if shallow else ()
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=", *depth)
        specs = [f"refs/tags/{name}:refs/tags/{name}" for name in names]
        argv = ("fetch", *options, "--", self._remote, *specs)
        done = git(self._repository, *argv, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            raise NotReady(
                f"the tags of the remote {self._remote!r} cannot be read: {mask_tokens(done.message)}",
                hint=f"check the network and your access: git fetch {self._remote} --tags",
            )

    @property
    def ledgers(self) -> tuple[str, ...]:
        """Returns the ids of the ledgers in the tags of this clone, each once."""
        return tuple(sorted({head.ledger for head in self._read()[1]}))

    def _compare(self, tag: TaggedHead, events: Sequence[Event]) -> None:
        if tag.ledger == events[0].id:
            if len(events) < tag.events or events[tag.events - 1].hash != tag.head:
                raise Corrupt(
                    f"the ledger lacks events that the tag {tag.tag} records ({tag.events}, head {tag.head[:12]})",
                    hint="it was truncated or rewritten; Terrace stops until you restore it. Another clone may have an "
                    "intact copy",
                )
            return
        begun = replacement_of(events[0])
        if begun is None or tag.ledger not in begun.replaces:
            raise Corrupt(
                f"the tag {tag.tag} belongs to the ledger {tag.ledger}, but this one is {events[0].id}",
                hint="the ledger was replaced; Terrace stops until you restore it. Another clone may have it",
            )
        if not self._proves(begun):
            raise Corrupt(
                f"{begun.actor} started this ledger to replace {tag.ledger}, without the signature of a signer of the "
                "trust root",
                hint="Terrace stops until you restore the previous ledger; another clone may have it",
            )

    def _insist_on_none(self, names: tuple[str, ...]) -> None:
        if names:
            raise Corrupt(
                f"there is no ledger, but the tag {names[-1]} shows that there were deployments",
                hint="it was deleted, or this clone cannot read it; a clone that has it can push it again. "
                "If it is permanently lost: `terrace ledger begin --reason WHY`",
            )

    def _read(self) -> tuple[tuple[str, ...], tuple[TaggedHead, ...]]:
        form = "--format=%(refname:strip=2)%00%(contents)%00"
        done = git(self._repository, "for-each-ref", "--sort=refname", form, _FOLDER)
        if done.code != 0:
            raise NotReady(f"the tags cannot be read in {self._repository}: git for-each-ref exited with {done.code}")
        parts = done.out.decode("utf-8", "replace").split("\0")
        names = [name.lstrip("\n") for name in parts[:-1:2]]
        heads = []
        for name, content in zip(names, parts[1::2], strict=False):
            lines = content.strip().splitlines()
            match = _LINE.fullmatch(lines[-1]) if lines else None
            if match is not None:
                heads.append(TaggedHead(name, match[1], int(match[2]), match[3]))
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
        return tuple(name for line in lines if is_refname(name := line.partition("refs/tags/")[2]))


def _newest(names: tuple[str, ...]) -> tuple[str, ...]:
    """The newest tag of each environment: their names end with the time."""
    newest: dict[str, str] = {}
    for name in sorted(names):
        newest[name.rpartition("/")[0]] = name
    return tuple(newest.values())
