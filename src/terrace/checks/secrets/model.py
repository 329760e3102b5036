"""A leak: what is kept of a secret that was found. Nothing of it shows the secret."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from terrace.checks.secrets.kinds import Kind
from terrace.checks.secrets.patch import Patch
from terrace.checks.secrets.text import allows_bare, sightings

LONG = 20
"""From how many characters on the first two of a secret may be shown."""

Fingerprint = Callable[[str], str]
"""Secret -> what tells it from others."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret of some kind that a commit put at a place. `path` is "" for the commit's message.

    `begins` are its first two characters where it is long enough not to miss them, else "". Equal fingerprints mean
    the same secret; see `fingerprints`.
    """

    kind: Kind
    commit: str
    path: str
    line: int
    begins: str
    length: int
    fingerprint: str

    @property
    def looks(self) -> str:
        """What may be said of it: `AK…, 20 characters`."""
        return f"{self.begins}…, {self.length} characters" if self.begins else f"{self.length} characters"


def fingerprints(salt: bytes) -> Fingerprint:
    """Fingerprints under a salt, each reckoned once. Slow on purpose: a weak password is not to be guessed from it."""
    known: dict[str, str] = {}

    def of(secret: str) -> str:
        if secret not in known:
            text = secret.encode("utf-8", "surrogatepass")
            known[secret] = hashlib.scrypt(text, salt=b"terrace leak 1\n" + salt, n=1 << 12, r=8, p=1, dklen=10).hex()
        return known[secret]

    return of


def leaks(patches: Iterable[Patch], fingerprint: Fingerprint) -> Iterator[Leak]:
    """Every secret that patches add, in their order. What was there before is not told again."""
    for patch in patches:
        yield from _leaks(patch, fingerprint)


def _leaks(patch: Patch, fingerprint: Fingerprint) -> Iterator[Leak]:
    found = sightings(patch.text, bare=allows_bare(patch.path) and bool(patch.path), path=patch.path)
    if not found:
        return
    begins = _line_starts(patch.text)
    for sighting in found:
        first, last = (bisect_right(begins, at) - 1 for at in (sighting.start, sighting.end - 1))
        number = next((n for n in patch.numbers[first : last + 1] if n > 0), None)
        if number is None:
            continue
        secret = patch.text[sighting.start : sighting.end]
        yield Leak(
            kind=sighting.kind,
            commit=patch.commit,
            path=patch.path,
            line=number,
            begins=secret[:2] if len(secret) >= LONG else "",
            length=len(secret),
            fingerprint=fingerprint(secret),
        )


def _line_starts(text: str) -> list[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts
