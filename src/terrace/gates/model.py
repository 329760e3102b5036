"""Approvals, gates and verdicts. Refusal is a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Subject:
    """The tuple that an approval binds to. Change any part and the approval is for something else.

    `policy` is the version of the trust root that judged (a hash of configuration, teams and signers); `lineage`
    is the state's, "" while the stack has no state yet.
    """

    ledger: str
    environment: str
    stack: str
    commit: str
    digest: str
    policy: str
    lineage: str


Proof = Literal["ssh", "forge", "unsigned", "invalid", "unsaid"]
"""How an approval's author is known: SSH signature checked against the signers of the trust root; said on the forge,
which says so still; only the local Git identity (advisory); a signature that does not hold; or something said that the
forge does not say, or that it cannot be asked about."""

PROVEN: frozenset[Proof] = frozenset({"ssh", "forge"})
"""The proofs that need nobody's good faith."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How the author of a text is known. `by` names what proves them: the fingerprint of a key or an account of the
    forge; "" where nothing does. Two texts that are proven by the same thing are of one person, under whatever names.
    """

    proof: Proof
    by: str = ""

    @property
    def proven(self) -> bool:
        """Whether a key or the forge says who it was."""
        return self.proof in PROVEN


@dataclass(frozen=True, slots=True)
class Witness:
    """Where on a forge somebody said it: enough to ask again.

    `kind` is how: a comment, a review, a review of a deployment, or a box that they ticked; `id` is the forge's;
    `number` is the change's or the issue's, or the run's.
    """

    kind: Literal["comment", "review", "environment", "box"]
    id: str
    number: str
    login: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes or no to a set of subjects. `role` is the team they speak for, "" for none in particular.

    `witness` is where on a forge it was said, None where it was said elsewhere. `deployment` is the deployment that the
    answer itself names, "" where it names none (statements of version 1). `by` is what proves the author (`Identity`).
    `position` is where the ledger holds the answer first: a copy that is appended later does not make it newer. `id`
    names the answer: a hash of what was said.
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
    """One person takes back a no: their own, or, together with another person, somebody else's. `of` is its id.

    `position` is where the ledger holds the withdrawal first: a copy that is appended later does not make it newer.
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
    """What a gate says. Ordered from best to worst by `rank`."""

    PASS = "pass"
    WAIT = "wait"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        return ("pass", "wait", "block").index(self.value)


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate's answer: `reason` says why, `satisfy` what would make it pass ("" when it passes).

    `until` is set when mere time will do.
    """

    gate: str
    outcome: Outcome
    reason: str
    satisfy: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answers of all gates of an environment, in the order in which they were asked."""

    environment: str
    results: tuple[GateResult, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst answer; pass when every gate passes. No gate asked is no pass: it is a block."""
        return max((r.outcome for r in self.results), key=lambda o: o.rank, default=Outcome.BLOCK)

    @property
    def open(self) -> tuple[GateResult, ...]:
        """The gates that do not pass."""
        return tuple(r for r in self.results if r.outcome is not Outcome.PASS)
