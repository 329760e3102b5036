"""Approvals, gates and verdicts. Refusal is a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Subject:
    """The tuple that an approval binds to. If any part changes, the approval is invalid.

    `policy` is the version of the trust root (a hash of configuration, teams and signers); `lineage` is the lineage of
    the state, "" while the stack has no state yet, or an empty one that was just created.
    """

    ledger: str
    environment: str
    stack: str
    commit: str
    digest: str
    policy: str
    lineage: str


Proof = Literal["ssh", "forge", "unsigned", "invalid", "unsaid"]
"""Proof of an approval's author: an SSH signature of a signer of the trust root; a comment or review that is still
present on the forge; only the local Git identity (advisory); an invalid signature; or a claimed comment or review that
the forge does not confirm, or cannot be asked about."""

PROVEN: frozenset[Proof] = frozenset({"ssh", "forge"})
"""Proofs that do not depend on good faith."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The author of a text. `by` is what proves them: the fingerprint of a key or an account of the forge, "" when
    nothing does. Two texts with the same proof are of one person, under any names.
    """

    proof: Proof
    by: str = ""

    @property
    def proven(self) -> bool:
        """Returns whether a key or the forge proves the author."""
        return self.proof in PROVEN


@dataclass(frozen=True, slots=True)
class Witness:
    """The place on a forge where a person said something: enough to ask the forge again.

    `kind` is a comment, a review, a review of a deployment, or a ticked box; `id` is its id on the forge; `number` is
    the number of the change, the issue or the run.
    """

    kind: Literal["comment", "review", "environment", "box"]
    id: str
    number: str
    login: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval or rejection of a set of subjects.

    `role` is the team that they approve as, "" for none. `witness` is its place on a forge, None when it is not from a
    forge. `deployment` is the deployment that it names, "" in statements of version 1. `by` is what proves the author
    (`Identity`). `position` is its first position in the ledger: a later copy does not make it newer. `id` is a hash of
    its text.
    """

    actor: str
    role: str
    answer: Literal["approve", "reject"]
    subjects: tuple[Subject, ...]
    at: datetime
    proof: Proof
    comment: str = ""
    witness: Witness | None = None
    deployment: str = ""
    by: str = ""
    position: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One person's withdrawal of a rejection: of their own, or, together with a second person, of another person's.

    `of` is the id of the rejection. `position` is its first position in the ledger: a later copy does not make it
    newer.
    """

    actor: str
    of: str
    at: datetime
    identity: Identity
    position: int = 0


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A change from outside, about security, that an apply would adopt. `by` acknowledged it; "" when no one did."""

    stack: str
    address: str
    paths: tuple[str, ...]
    by: str = ""


class Outcome(Enum):
    """The outcome of a gate, ordered from best to worst by `rank`."""

    PASS = "pass"
    WAIT = "wait"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        return ("pass", "wait", "block").index(self.value)


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of one gate. `satisfy` is what makes it pass, "" when it passes.

    `until` is set when time alone makes it pass.
    """

    gate: str
    outcome: Outcome
    reason: str
    satisfy: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The results of all gates of an environment, in order."""

    environment: str
    results: tuple[GateResult, ...]

    @property
    def outcome(self) -> Outcome:
        """Returns the worst outcome. A verdict without results blocks."""
        return max((r.outcome for r in self.results), key=lambda o: o.rank, default=Outcome.BLOCK)

    @property
    def open(self) -> tuple[GateResult, ...]:
        """Returns the results that do not pass."""
        return tuple(r for r in self.results if r.outcome is not Outcome.PASS)
