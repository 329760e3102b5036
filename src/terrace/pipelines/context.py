"""The tools that the corridors work with, handed in by the wiring. Pipelines know Protocols only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from terrace.assess.model import Finding
from terrace.config.model import Config, Environment
from terrace.drift.change_logs import ChangeLogs, NoChangeLogs
from terrace.errors import Interrupted, TerraceError
from terrace.gates.model import Identity, Witness
from terrace.ledger.dates import Reference, no_reference
from terrace.ledger.declared import Declared
from terrace.ledger.dismissals import Counts
from terrace.ledger.folds import SignedApproval
from terrace.ledger.model import Ledger
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.terraform import Applier, Purpose, Terraform
from terrace.rollout.ports import Leases, Probes, Watcher
from terrace.stacks.landscape import Landscape
from terrace.stacks.repository import Repository
from terrace.states.backups import StateBackups
from terrace.states.checkout_states import LeftStates, NoLeftStates

Reach = Literal["plan", "apply"]
"""How far a run goes: to the plans, where it hands over to a run that may apply them; or to the end."""


Vouch = Callable[[bytes], str | Witness | None]
"""Says how the author is known: signs the text with their key, or names where they said it; None with neither."""


Proving = Callable[[SignedApproval | Declared], Identity]
"""Tells how the author of an answer or a declaration is known now."""


UnprovenRun = Callable[[str, str, datetime], str]
"""Says why a run of CI does not prove that a person opened a deployment at a time; "" where it does."""


def ask_nobody(run: str, requester: str, opened_at: datetime) -> str:
    """Where there is no forge, no run proves anything."""
    return "no forge can be asked about it"


def unsigned(text: bytes) -> None:
    """How somebody is known who has no key and said it nowhere else: not at all."""


def readable(survey: Callable[[str], Landscape], commit: str) -> Landscape | None:
    """Returns what is at a commit; None where this clone does not have the commit, or its configuration is broken."""
    try:
        return survey(commit)
    except Interrupted:
        raise
    except TerraceError:
        return None


@dataclass(frozen=True, slots=True)
class Context:
    """Who does what. `config` and `policy` come from the trust root, never from the candidate.

    `survey` finds what stands at a commit; `variables` resolves an environment's credentials for a purpose: they are
    secrets. `judge` tells what the required checks of the trust root find in one plan, with its waivers applied; it
    never raises for what it cannot find out, but tells that as unknown. `unreviewed` says why a commit of the protected
    branch did not come through a change that somebody else approved as it is in the second commit, which is to be
    deployed; None where it did. It raises NotReady where nobody can be asked. `openers` are the accounts that opened
    the changes that a commit came by, as the forge says; it raises NotReady where that cannot be asked, and knows none
    where no forge is connected. `proof` tells how the author of an answer or a declaration is known; `vouch` proves
    what `actor` declares. `signers` is whether anybody's key is known: then declarations without a proof are worth
    less. `run` names the run of CI that this is, "" outside of one; `unproven_run` asks the forge about one. `parallel`
    is how many Terraform processes may run at once. `actor` is who gave the command. With the `reach` of plans nothing
    is applied: what could be, waits. `dismissed` says whether a dismissal of an event that cannot be read counts, by
    the trust root. `reference` tells the time by a clock that nobody sets on this machine, None where there is none.
    `left` finds the states that Terraform left in the user's checkout. `logs` reads what the clouds log of changes.
    """

    actor: str
    config: Config
    policy: str
    repository: Repository
    ledger: Ledger
    terraform: Terraform
    applier: Applier
    backups: StateBackups
    probes: Probes
    leases: Leases
    watcher: Watcher
    survey: Callable[[str], Landscape]
    variables: Callable[[Environment, Purpose], Mapping[str, str]]
    proof: Proving
    judge: Callable[[Plan], tuple[Finding, ...]]
    unreviewed: Callable[[str, str], str | None]
    openers: Callable[[str], tuple[str, ...]]
    digest_key: DigestKey
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    parallel: int
    reach: Reach = "apply"
    dismissed: Counts = lambda dismissal: False
    vouch: Vouch = unsigned
    signers: bool = False
    run: str = ""
    reference: Callable[[], Reference | None] = no_reference
    unproven_run: UnprovenRun = ask_nobody
    left: LeftStates = field(default_factory=NoLeftStates)
    logs: ChangeLogs = field(default_factory=NoChangeLogs)
