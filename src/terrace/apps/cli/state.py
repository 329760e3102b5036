"""`state ...`: states are saved, listed, compared, brought back, and it is proven that they can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from terrace.adapters.environ import ENVIRON
from terrace.apps.cli.console import emit, note, show, typed_back
from terrace.apps.cli.deployment_output import watcher
from terrace.apps.cli.watching import Silent
from terrace.apps.wiring.project import Project, now
from terrace.config.naming import quote_word
from terrace.drift.state_adoption import Settled
from terrace.errors import BadInput, TerraceError
from terrace.pipelines.context import Context
from terrace.pipelines.states.adopt import adopt as adopting
from terrace.pipelines.states.adopt import insist_on_no_creation, propose_adoption
from terrace.pipelines.states.back_up import back_up
from terrace.pipelines.states.compare import difference
from terrace.pipelines.states.drill import drill as drilling
from terrace.pipelines.states.proposal import Proposal, insist, propose
from terrace.pipelines.states.restore import go_on
from terrace.pipelines.states.restore import restore as restoring
from terrace.pipelines.states.retention import prune as pruning
from terrace.pipelines.states.retention import rekey as rekeying
from terrace.pipelines.states.workspace import environment_of
from terrace.report import state_json, state_terminal
from terrace.states.restores import Restore, Restored, open_restore
from terrace.states.state_checks import problems
from terrace.states.status import good_backups, standings


def backup(folder: str, environments: tuple[str, ...], accepted: tuple[str, ...], *, as_json: bool) -> int:
    """Look at states, save what moved, and forget what retention does not keep; exit 1 when one is not safe."""
    project = Project(Path(folder))
    wanted = _environments(project, environments)
    with watcher(as_json=as_json) as told:
        crew = project.deployment_context(told)
        looks = back_up(crew, wanted, frozenset(accepted))
        # While something is wrong, every copy may be the one that is needed.
        dropped = pruning(crew, wanted) if all(look.good for look in looks) else None
    every = problems(crew.ledger.read(), crew.config, crew.clock())
    found = {name: told for name, told in every.items() if name in wanted}
    if as_json:
        emit(state_json.backed_up(looks, found, dropped))
    else:
        show(state_terminal.looks(looks) if looks else "nothing was deployed yet: there is no state to save")
        if found:
            show(state_terminal.problems(found))
    return 0 if all(look.good for look in looks) and not found else 1


def listing(folder: str, place: str | None, *, as_json: bool) -> int:
    """Every copy of an environment or a stack. No key is needed."""
    project = Project(Path(folder))
    environment = project.named(place.partition("/")[0]).name if place else None
    found = project.backups().catalogue(environment, place if place and "/" in place else None)
    history = project.ledger.read()
    good = good_backups(history)
    known = {key: one for key, one in standings(history).items() if environment in (None, one.environment)}
    every = problems(history, project.trust.config, now())
    wrong = {name: told for name, told in every.items() if environment in (None, name)}
    if as_json:
        emit(state_json.catalogue(found, good, known, wrong, now()))
    else:
        show(state_terminal.catalogue(found, good, known, now()) if found.records else "there are no backups yet")
        if wrong:
            show(state_terminal.problems(wrong))
    return 0


def diff(folder: str, key: str, older: str | None, newer: str | None, *, as_json: bool) -> int:
    """What changed from a copy to another, or to the state."""
    project = Project(Path(folder))
    found = difference(project.read_only_context(Silent()), key, older, newer)
    if as_json:
        emit(state_json.compared(found))
    else:
        show(state_terminal.compared(found))
    return 0


def restore(
    folder: str,
    key: str,
    wanted: str | None,
    accepted: tuple[str, ...],
    reason: str,
    *,
    yes: bool,
    takeover: bool,
    as_json: bool,
) -> int:
    """Bring a copy back, or go on with a restore that was begun."""
    project = Project(Path(folder))
    with watcher(as_json=as_json) as told:
        crew = project.deployment_context(told)
        environment = environment_of(crew, key)
        begun = open_restore(crew.ledger.read(), environment)
        if begun is not None and begun.stack == key:
            with _telling_what_is_open(crew, environment):
                done = _go_on(crew, begun, wanted, frozenset(accepted), takeover=takeover)
        else:
            proposal = propose(crew, key, wanted)
            if not as_json:
                _propose(proposal)
            insist(proposal, frozenset(accepted))
            if yes and not reason:
                raise BadInput("nobody is asked, so it must be said why", hint="--yes needs --reason WHY")
            if not typed_back(key, f"to restore the state of {key}, type its name", yes=yes):
                note("nothing was written")
                return 1
            with _telling_what_is_open(crew, environment):
                done = restoring(crew, proposal, frozenset(accepted), reason or "no reason given")
    if as_json:
        emit(state_json.restored(done))
    else:
        show(state_terminal.restored(done))
    return 0 if done.result == "restored" else 1


def adopt(
    folder: str, key: str, path: str | None, accepted: tuple[str, ...], reason: str, *, yes: bool, as_json: bool
) -> int:
    """Move a state that exists elsewhere to where Terrace plans a stack."""
    project = Project(Path(folder))
    with watcher(as_json=as_json) as told:
        crew = project.deployment_context(told)
        found = propose_adoption(crew, key, path)
        if isinstance(found, Settled):
            if as_json:
                emit(state_json.settled(found))
            else:
                show(state_terminal.settled(found))
            return 0
        if not as_json:
            show(state_terminal.adoption(found))
        insist_on_no_creation(found, frozenset(accepted))
        if yes and not reason:
            raise BadInput("nothing says why", hint="--yes needs --reason WHY")
        if not typed_back(key, f"to adopt that state for {key}, type its name", yes=yes):
            note("nothing was written")
            return 1
        done = adopting(crew, found, frozenset(accepted), reason or "no reason given")
    if as_json:
        emit(state_json.adopted(done))
    else:
        show(state_terminal.adopted(done))
    return 0


@contextmanager
def _telling_what_is_open(crew: Context, environment: str) -> Iterator[None]:
    """Where something breaks in the middle, say that the environment is held and how it goes on."""
    try:
        yield
    except TerraceError:
        with suppress(TerraceError):
            left = open_restore(crew.ledger.read(), environment)
            if left is not None:
                note(f"{environment} is held: the restore {left.id} has not ended")
                note(f"next: terrace state restore {quote_word(left.stack)}  (goes on, or puts back what was there)")
        raise


def _propose(proposal: Proposal) -> None:
    show(state_terminal.proposal(proposal.stack, proposal.record, proposal.current, proposal.diff, proposal.obstacles))


def _go_on(crew: Context, begun: Restore, wanted: str | None, accepted: frozenset[str], *, takeover: bool) -> Restored:
    if wanted is not None and wanted not in begun.backup:
        raise BadInput(
            f"the restore {begun.id} of {begun.stack} from {begun.backup} was begun and has not ended",
            hint="without --from it goes on; then another can begin",
        )
    note(f"going on with the restore {begun.id} from {begun.backup}, begun by {begun.by}")
    return go_on(crew, begun, accepted, takeover=takeover)


def drill(folder: str, environments: tuple[str, ...], *, as_json: bool) -> int:
    """Prove that states can be brought back, in time; exit 1 when one cannot."""
    project = Project(Path(folder))
    wanted = _environments(project, environments)
    with watcher(as_json=as_json) as told:
        found = drilling(project.deployment_context(told), wanted)
    if as_json:
        emit(state_json.drilled(found))
    else:
        show(state_terminal.drills(found) if found else "nothing was deployed yet: there is no state to bring back")
    return 1 if any(one.result in ("missed", "failed") for one in found) else 0


def rekey(folder: str, old_keys: tuple[str, ...], *, as_json: bool) -> int:
    """Seal every copy for the keys of today; exit 1 when one could not be."""
    from terrace.adapters.sealing import read_key

    project = Project(Path(folder), older_keys=tuple(read_key(spec, ENVIRON) for spec in old_keys))
    done = rekeying(project.deployment_context(Silent()))
    if as_json:
        emit(state_json.rekeyed(done))
    else:
        show(state_terminal.rekeyed(done))
    return 1 if done.failed else 0


def prune(folder: str, environments: tuple[str, ...], *, dry_run: bool, as_json: bool) -> int:
    """Forget the copies that retention does not keep."""
    project = Project(Path(folder))
    done = pruning(project.deployment_context(Silent()), _environments(project, environments), dry_run=dry_run)
    if as_json:
        emit(state_json.pruned(done, dry_run=dry_run))
    else:
        show(state_terminal.pruned(done, dry_run=dry_run))
    return 0


def _environments(project: Project, given: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are named, or all, up the ladder."""
    config = project.trust.config
    for name in given:
        project.named(name)
    return tuple(e.name for e in config.environments if not given or e.name in given)
