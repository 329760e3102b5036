"""`tick`: all that is due, for whoever calls it: cron, a job of CI, or a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from terrace.apps.cli import actions
from terrace.apps.cli.actions import ended
from terrace.apps.cli.console import emit, show, show_lines
from terrace.apps.cli.deployment_output import as_record, show_end, waits_as, watcher
from terrace.apps.cli.watching import Silent
from terrace.apps.wiring.mirroring import show_deployments, track_drift
from terrace.apps.wiring.project import Project, now
from terrace.compliance.audit import Audited
from terrace.drift.review import Review, review
from terrace.ledger.deployment import Deployment
from terrace.pipelines.context import Context, Reach
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.drift import detect as looking
from terrace.pipelines.holds import Released
from terrace.pipelines.rollback.destruction_target import leftovers
from terrace.pipelines.rollback.rollback import react
from terrace.pipelines.states.back_up import back_up, due_for_a_look
from terrace.pipelines.tick import Enter, due, stirring
from terrace.report import audit as audit_report
from terrace.report import drift, machine, state_json, state_terminal
from terrace.report.leftovers import leftover_line, leftovers_json
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.states.state_checks import Look


def look_ahead(folder: str, wanted: tuple[str, ...], *, as_json: bool) -> int:
    """What a `tick` would do with deployments now, and nothing of it. It needs no key."""
    project = Project(Path(folder))
    chosen = tuple(project.named(name).name for name in wanted)
    found = stirring(project.read_only_context(Silent()), chosen)
    if as_json:
        emit({"schema": "terrace/tick-due@1", "enters": list(found.enters), "goes_on": list(found.goes_on)})
    else:
        for name in found.enters:
            show(f"{name}: something enters")
        for name in found.goes_on:
            show(f"{name}: something goes on")
        if not (found.enters or found.goes_on):
            show("nothing is due")
    return ended(actions.due(found.enters, found.goes_on), 0)


def tick(folder: str, wanted: tuple[str, ...] = (), *, as_json: bool, reach: Reach = "apply") -> int:
    """Do all that is due, in all environments or in those that are `wanted`; with the reach of plans, only let in."""
    project = Project(Path(folder))
    chosen = tuple(project.named(name).name for name in wanted)
    if not chosen:
        # Their drift is looked at too, by the rules that named them last.
        project.former_environments()
    with watcher(as_json=as_json) as told:
        crew = project.deployment_context(told, reach)
        results = [
            _gone_on(project, crew, done, as_json=as_json)
            for action in due(crew, chosen)
            if reach == "apply" or isinstance(action, Enter)
            if (done := action.run(crew)) is not None
        ]
        seen = _look_around(project, crew, chosen) if reach == "apply" else Seen()
    show_deployments(
        project, [one.name for one in project.trust.config.environments if not chosen or one.name in chosen]
    )
    left = () if chosen else leftovers(project.survey, project.trust.commit, project.ledger.read())
    if as_json:
        emit({"schema": "terrace/tick@1", "done": results, **seen.told, "left": leftovers_json(left)})
    elif not (results or seen.anything):
        show("nothing is due")
    else:
        seen.show()
    for one in left if not as_json else ():
        show_lines(leftover_line(one))
    good = all(one["result"] in ("succeeded", "released") for one in results) and seen.good
    return ended(actions.ticked(results, good=seen.good), 0 if good else 1)


def _gone_on(project: Project, crew: Context, done: Deployment | Refused | Released, *, as_json: bool) -> machine.Json:
    """React to the end of one action, show both, and return what there is to say."""
    if isinstance(done, Released):
        if not as_json:
            show(f"{done.environment} takes deployments again: {done.reason}")
        return {"environment": done.environment, "result": "released", "reasons": [done.reason]}
    reacted = react(crew, done)
    environment = done.environment if isinstance(done, Deployment) else done.verdict.environment
    left_out = project.left_out([environment], done.commit)
    if not as_json:
        show_end(project, done, reacted)
        if left_out:
            show_lines(refusal_lines(left_out))
    return {**as_record("tick", done, reacted), "handle": waits_as(crew, done), "refused": refusals_json(left_out)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a tick looked at besides deployments: states, drift, everything that stands."""

    looks: tuple[Look, ...] = ()
    reviews: tuple[Review, ...] = ()
    audits: tuple[Audited, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether anything was looked at."""
        return bool(self.looks or self.reviews or self.audits)

    @property
    def good(self) -> bool:
        """Whether all of it is as it should be."""
        drifted = any(one.check is not None and one.check.status != "clean" for one in self.reviews)
        return all(one.good for one in self.looks) and not drifted and not any(one.blocking for one in self.audits)

    @property
    def told(self) -> machine.Json:
        """For machines."""
        return {
            "drift": drift.as_json(self.reviews)["environments"],
            "backups": [state_json.look(one) for one in self.looks],
            "audits": audit_report.as_json(self.audits)["environments"],
        }

    def show(self) -> None:
        """For people."""
        if self.looks:
            show(state_terminal.looks(self.looks))
        if self.reviews:
            show(drift.as_terminal(self.reviews))
        if self.audits:
            show(audit_report.as_terminal(self.audits))


def _look_around(project: Project, crew: Context, chosen: tuple[str, ...]) -> Seen:
    """Look where terrace.yaml says that it is time."""
    from terrace.apps.cli.audit import look_when_due

    def mine(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if not chosen or name in chosen)

    states = mine(due_for_a_look(crew))
    looks = back_up(crew, states) if states else ()
    names = mine(looking.due(crew))
    if names:
        looking.look(crew, names)
        looking.note_overdue(crew, names)
    reviews = reviews_of(project, names)
    track_drift(project, reviews)
    return Seen(looks, reviews, look_when_due(project, crew, chosen))


def reviews_of(project: Project, names: Iterable[str]) -> tuple[Review, ...]:
    """What the ledger knows of the drift of these environments now."""
    history = project.ledger.read()
    return tuple(review(history, name, now(), project.environment(name).drift.every) for name in names)
