"""Leaks: records of secrets that were found, which do not show the secrets."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from terrace.checks.secrets.kinds import Kind
from terrace.checks.secrets.patch import Patch
from terrace.checks.secrets.text import allows_bare, find_secrets

LONG = 20
"""Length from which the first two characters of a secret can be shown."""

Fingerprint = Callable[[str], str]
"""Secret -> its fingerprint."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret of some kind that a commit added at a place. `path` is "" for the commit message.

    `begins` are its first two characters where it is long enough to show them, else "". Equal fingerprints mean the
    same secret; see `fingerprints`.
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
        """A description that does not show the secret: `AK…, 20 characters`."""
        return f"{self.begins}…, {self.length} characters" if self.begins else f"{self.length} characters"


def fingerprints(salt: bytes) -> Fingerprint:
    """Returns a function to fingerprints under a salt. It is slow on purpose, so that no one guesses weak passwords."""
    by_secret: dict[str, str] = {}

    def of(secret: str) -> str:
        if secret not in by_secret:
            text = secret.encode("utf-8", "surrogatepass")
            by_secret[secret] = hashlib.scrypt(
                text, salt=b"terrace leak 1\n" + salt, n=1 << 12, r=8, p=1, dklen=10
            ).hex()
        return by_secret[secret]

    return of


def leaks(patches: Iterable[Patch], fingerprint: Fingerprint) -> Iterator[Leak]:
    """Yields every secret that patches add, in their order, without those in lines that were there before."""
    for patch in patches:
        yield from _leaks(patch, fingerprint)


def _leaks(patch: Patch, fingerprint: Fingerprint) -> Iterator[Leak]:
    matches = find_secrets(patch.text, bare=allows_bare(patch.path) and bool(patch.path), path=patch.path)
    if not matches:
        return
    begins = _line_starts(patch.text)
    for match in matches:
        first, last = (bisect_right(begins, at) - 1 for at in (match.start, match.end - 1))
        number = next((n for n in patch.numbers[first : last + 1] if n > 0), None)
        if number is None:
            continue
        secret = patch.text[match.start : match.end]
        yield Leak(
            kind=match.kind,
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
