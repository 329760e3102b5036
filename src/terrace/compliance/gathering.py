"""Evidence for controls: the results of audits, and the changes in the ledger.

It has the scope, the time and the commit; a missing audit is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from terrace.compliance import recorded_audits
from terrace.compliance.frameworks import Source
from terrace.compliance.recorded_audits import Audit
from terrace.compliance.results import Evidence, Outcome
from terrace.config.model import Config, Environment
from terrace.drift.checks import drift_status, newest_first
from terrace.gates.approvals.gate import approval_rule
from terrace.gates.model import Identity
from terrace.ledger import folds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.deployed_revisions import baseline
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.stacks.model import Remediation, Repairing
from terrace.states.backup_status import backup_statuses
from terrace.words import plural


@dataclass(frozen=True, slots=True)
class Span:
    """The time range of evidence. A look older than `stale` is too old; deployments and drills of the last
    `period` are used.
    """

    now: datetime
    stale: timedelta = timedelta(days=7)
    period: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class EvidenceInputs:
    """The inputs of evidence. `policy` is the version of today's trust root; `proof` says how the author of an
    approval is known; `aliases` are other names of keys."""

    config: Config
    history: History
    policy: str
    proof: Callable[[SignedApproval], Identity]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def evidence(
    facts: EvidenceInputs, environments: Iterable[str], sources: Iterable[Source], span: Span
) -> tuple[Evidence, ...]:
    """All that there is of these environments."""
    names, chosen = tuple(environments), tuple(sources)
    looks = {name: recorded_audits.newest(facts.history, name) for name in names}
    pieces = [*_of_rules(looks, facts.aliases, span)]
    for source in chosen:
        pieces += _of_check(source, looks, span) if source.check else _TELLERS[source.key](facts, names, source, span)
    return tuple(pieces)


def _of_rules(
    looks: Mapping[str, Audit | None], aliases: Mapping[str, tuple[str, ...]], span: Span
) -> Iterator[Evidence]:
    """Returns the results of policy rules, by every key that they are evidence for."""
    keys: dict[str, tuple[str, ...]] = {}
    for look in looks.values():
        if look is not None:
            for rule, audited in look.known.items():
                named = (key for name in audited.controls for key in aliases.get(name.lower(), (name,)))
                keys[rule] = tuple(dict.fromkeys(named))
    for name, look in looks.items():
        for rule, controls in keys.items():
            for key in controls:
                yield _of_rule(rule, key, name, look, span)


def _of_check(source: Source, looks: Mapping[str, Audit | None], span: Span) -> Iterator[Evidence]:
    for name, look in looks.items():
        evidence = _of_rule(source.check, source.key, name, look, span)
        yield Evidence(
            source.title,
            *(
                evidence.key,
                evidence.environment,
                evidence.outcome,
                evidence.what,
                evidence.at,
                evidence.commits,
                evidence.places,
            ),
        )


def _of_rule(rule: str, key: str, environment: str, look: Audit | None, span: Span) -> Evidence:
    def say(outcome: Outcome, text: str, places: tuple[str, ...] = ()) -> Evidence:
        if look is None:
            return Evidence(rule, key, environment, outcome, text)
        return Evidence(rule, key, environment, outcome, text, look.at, tuple(look.scope.commits), places)

    if look is None:
        return say(Outcome.UNKNOWN, f"never audited (terrace check --all {environment})")
    result = look.rules.get(rule)
    if result is None:
        return say(Outcome.UNKNOWN, "not evaluated in the last full audit")
    if look.empty:
        return say(Outcome.NOT_APPLICABLE, "nothing is deployed there yet")
    if result.failed:
        more = f", and {result.waived} waived" if result.waived else ""
        return say(Outcome.FAILED, f"{result.failed} of {result.looked} failed{more}", result.places)
    if result.waived:
        return say(Outcome.WAIVED, f"{result.waived} of {result.looked} waived", result.places)
    if span.now - look.at > span.stale:
        return say(Outcome.UNKNOWN, f"last audited {_days(span.now - look.at)} ago, which is too old")
    if result.unknown:
        return say(
            Outcome.UNKNOWN,
            f"unknown for {result.unknown}: there is no complete plan, or it changed since the audit",
        )
    if not result.looked:
        return say(Outcome.NOT_APPLICABLE, "no resource of its types is deployed there")
    return say(Outcome.PASSED, f"{result.looked} of {result.looked} passed")


def _days(span: timedelta) -> str:
    return plural(span.days, "day")


# --- evidence of the ledger ---------------------------------------------------------------------------------------


def _changes(facts: EvidenceInputs, environment: str, span: Span) -> tuple[Deployment, ...]:
    return tuple(d for d in folds.changes(facts.history, environment) if span.now - d.opened_at <= span.period)


def _judge(
    source: Source,
    environment: str,
    deployments: Iterable[Deployment],
    wrong: Callable[[Deployment], tuple[Outcome, str] | None],
    right: str,
    none: str,
) -> Evidence:
    """One piece of evidence over several deployments: the worst of them speaks."""
    considered = tuple(deployments)
    at = max((d.ended_at or d.opened_at for d in considered), default=None)
    commits = tuple(dict.fromkeys(d.commit for d in considered))
    bad = [(control_result, d) for d in considered if (control_result := wrong(d)) is not None]
    if not considered:
        return Evidence(source.title, source.key, environment, Outcome.NOT_APPLICABLE, none)
    if bad:
        (outcome, text), first = max(bad, key=lambda entry: entry[0][0])
        places = tuple(f"deployment {d.id} of {d.commit[:7]}" for _, d in bad[:10])
        summary = f"{len(bad)} of {len(considered)} deployments: {text} ({first.id})"
        return Evidence(source.title, source.key, environment, outcome, summary, at, commits, places)
    count = plural(len(considered), "deployment")
    return Evidence(source.title, source.key, environment, Outcome.PASSED, f"{count}, {right}", at, commits)


def _approvals(facts: EvidenceInputs, names: tuple[str, ...], source: Source, span: Span) -> Iterator[Evidence]:
    for name in names:
        settings = facts.config.environment(name)
        changes = [d for d in _changes(facts, name, span) if approval_rule(settings, d.origin).requires_any]
        none = f"nothing was deployed in {_days(span.period)} that needed approvals"
        yield _judge(source, name, changes, lambda d: _not_approved(facts, d), "each has a signed approval", none)


def _agreed_approvals(facts: EvidenceInputs, deployment: Deployment) -> list[SignedApproval]:
    return [approval for approval in folds.approvals(facts.history, deployment.id) if approval.answer == "approve"]


def _not_approved(facts: EvidenceInputs, deployment: Deployment) -> tuple[Outcome, str] | None:
    rule = approval_rule(facts.config.environment(deployment.environment), deployment.origin)
    needed = max(rule.count, sum(rule.roles.values()))
    approvals = _agreed_approvals(facts, deployment)
    # One key or account is one person, under whatever names.
    proven = [
        approval for approval in approvals if approval.named in ("", deployment.id) and facts.proof(approval).proven
    ]
    if (
        min(len({facts.proof(approval).by for approval in proven}), len({approval.actor for approval in proven}))
        >= needed
    ):
        return None
    if deployment.policy != facts.policy:
        return Outcome.UNKNOWN, "deployed under earlier rules, with fewer valid approvals than today's rules require"
    if len({approval.actor for approval in approvals}) >= needed:
        return Outcome.UNKNOWN, "approved, but with fewer valid approvals than required"
    applied = [r for r in deployment.steps if r.step.value == "plan" and r.detail.empty is False]
    return (Outcome.FAILED, f"applied with {len(approvals)} of {needed} approvals") if applied else None


def _duties_apart(facts: EvidenceInputs, names: tuple[str, ...], source: Source, span: Span) -> Iterator[Evidence]:

    def find_own(deployment: Deployment) -> tuple[Outcome, str] | None:
        others = [
            approval for approval in _agreed_approvals(facts, deployment) if approval.actor != deployment.requester
        ]
        return None if others else (Outcome.FAILED, "approved only by its requester")

    for name in names:
        agreed = [d for d in _changes(facts, name, span) if _agreed_approvals(facts, d)]
        none = f"no approval was required in {_days(span.period)}"
        yield _judge(source, name, agreed, find_own, "each approved by someone other than the requester", none)


def _promotion(facts: EvidenceInputs, names: tuple[str, ...], source: Source, span: Span) -> Iterator[Evidence]:
    for name in names:
        below = facts.config.environment(name).after
        if below is None:
            text = "nothing comes before it"
            yield Evidence(source.title, source.key, name, Outcome.NOT_APPLICABLE, text)
            continue
        passed = [d for d in folds.of_environment(facts.history, below) if d.result == "succeeded"]

        def find_untested(
            deployment: Deployment, passed: list[Deployment] = passed, below: str = below
        ) -> tuple[Outcome, str] | None:
            before = any(
                p.commit == deployment.commit and p.ended_at and p.ended_at <= deployment.opened_at for p in passed
            )
            return None if before else (Outcome.FAILED, f"it had not succeeded in {below} before")

        entering = [d for d in _changes(facts, name, span) if not isinstance(d.origin, Repairing | Remediation)]
        none = f"no release entered in {_days(span.period)}"
        yield _judge(source, name, entering, find_untested, f"each had succeeded in {below} before", none)


def _ledger(facts: EvidenceInputs, names: tuple[str, ...], source: Source, span: Span) -> Iterator[Evidence]:
    """Reading the history verified its chain, so it is intact here."""
    count = len(facts.history.events)
    if not count:
        yield Evidence(source.title, source.key, "all environments", Outcome.NOT_APPLICABLE, "it holds no event")
        return
    text = f"the chain of {count} events holds, up to {facts.history.head[:12]}"
    yield Evidence(source.title, source.key, "all environments", Outcome.PASSED, text, span.now)


def _drift(facts: EvidenceInputs, names: tuple[str, ...], source: Source, span: Span) -> Iterator[Evidence]:
    for name in names:
        say = _sayer(source, name)
        deployed = baseline(facts.history, name)
        if not deployed.commits and not deployed.unclear:
            yield say(Outcome.NOT_APPLICABLE, "nothing is deployed there")
            continue
        settings = facts.config.environment(name)
        how = drift_status(newest_first(facts.history, name), span.now, settings.drift.every)
        look = next(newest_first(facts.history, name), None)
        if how is None or look is None:
            yield say(Outcome.UNKNOWN, f"drift was never checked (terrace drift {name})")
            continue
        commits = tuple(dict.fromkeys(observation.commit for observation in look.observations if observation.commit))
        if how.status == "drifted":
            wrong = tuple(observation.stack for observation in look.observations if observation.status == "drifted")
            text = f"{len(wrong)} of {len(look.observations)} stacks differ from the deployed configuration"
            yield say(Outcome.FAILED, text, look.at, commits, wrong[:10])
        elif how.overdue or span.now - look.at > span.stale:
            yield say(
                Outcome.UNKNOWN,
                how.overdue or f"drift was last checked {_days(span.now - look.at)} ago",
                look.at,
                commits,
            )
        elif how.status == "unknown":
            yield say(Outcome.UNKNOWN, "the result is unknown for some stacks", look.at, commits)
        else:
            yield say(
                Outcome.PASSED,
                f"nothing differs in {len(look.observations)} of {len(look.observations)} stacks",
                look.at,
                commits,
            )


def _backups(facts: EvidenceInputs, names: tuple[str, ...], source: Source, span: Span) -> Iterator[Evidence]:
    states = backup_statuses(facts.history)
    for name in names:
        say = _sayer(source, name)
        own = [state for state in states.values() if state.environment == name]
        settings: Environment = facts.config.environment(name)
        if not own:
            yield say(Outcome.NOT_APPLICABLE, "no state was written there yet")
            continue
        wrong = {state.stack: why for state in own if (why := state.problem(settings.rpo, span.now))}
        none = [state.stack for state in own if not state.backup]
        at = min((state.checked_at for state in own if state.checked_at is not None), default=None)
        if wrong:
            stack, why = next(iter(wrong.items()))
            yield say(Outcome.FAILED, f"{stack}: {why}", at, places=tuple(wrong)[:10])
        elif none:
            yield say(
                Outcome.UNKNOWN,
                f"{len(none)} of {len(own)} states have no known backup",
                at,
                places=tuple(none)[:10],
            )
        elif settings.rpo is None:
            yield say(Outcome.PASSED, f"{_states(own)} backed up (terrace.yaml sets no RPO)", at)
        else:
            yield say(Outcome.PASSED, f"{_states(own)} backed up within the RPO", at)


def _drills(facts: EvidenceInputs, names: tuple[str, ...], source: Source, span: Span) -> Iterator[Evidence]:
    statuses = backup_statuses(facts.history)
    for name in names:
        say = _sayer(source, name)
        states = [state for state in statuses.values() if state.environment == name and state.backup]
        drilled = [state for state in states if state.drilled is not None]
        if not states:
            yield say(Outcome.NOT_APPLICABLE, "there is no state backup")
            continue
        at = min((state.drilled.at for state in drilled if state.drilled is not None), default=None)
        wrong = [state.stack for state in drilled if state.drilled is not None and state.drilled.result != "passed"]
        if wrong:
            yield say(
                Outcome.FAILED,
                f"{len(wrong)} of {len(states)} states were not restored in time",
                at,
                places=tuple(wrong),
            )
        elif len(drilled) < len(states) or at is None:
            undrilled = len(states) - len(drilled)
            yield say(
                Outcome.UNKNOWN,
                f"{undrilled} of {len(states)} states had no restore drill yet (terrace state drill {name})",
                at,
            )
        elif span.now - at > span.period:
            yield say(Outcome.UNKNOWN, f"the last restore drill was {_days(span.now - at)} ago", at)
        else:
            yield say(Outcome.PASSED, f"{_states(states)} restored successfully", at)


def _states(states: Sized) -> str:
    return plural(len(states), "state")


def _sayer(source: Source, environment: str) -> Callable[..., Evidence]:
    def say(
        outcome: Outcome,
        text: str,
        at: datetime | None = None,
        commits: tuple[str, ...] = (),
        places: tuple[str, ...] = (),
    ) -> Evidence:
        return Evidence(source.title, source.key, environment, outcome, text, at, commits, places)

    return say


_TELLERS: Mapping[str, Callable[[EvidenceInputs, tuple[str, ...], Source, Span], Iterator[Evidence]]] = {
    "terrace:approvals": _approvals,
    "terrace:duties-apart": _duties_apart,
    "terrace:promotion": _promotion,
    "terrace:ledger": _ledger,
    "terrace:drift": _drift,
    "terrace:backups": _backups,
    "terrace:drills": _drills,
}
"""The function of each source."""
