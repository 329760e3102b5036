"""Adoption of the states of all stacks of some environments: examined first, then adopted one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from terrace.config.naming import unknown_name_error
from terrace.drift.state_adoption import Adopted, Row, Settled, without_shared_states
from terrace.errors import BadInput, Interrupted, TerraceError, TerraformFailed
from terrace.pipelines.context import Context
from terrace.pipelines.states.adopt import (
    AdoptionRun,
    adopt_state,
    adoption_run,
    examine,
    insist_on_no_creation,
    lock_environment,
)
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack
from terrace.stacks.order import find_edges, find_needs, order_stacks

_UNKNOWN_OWNER = (
    "it reads a state that does not exist yet. If that is the state of another stack, read it by a "
    "literal path in the repository, such as `${path.module}/../network/terraform.tfstate`, and name "
    "that stack in `after`"
)

ReportRow = Callable[[Row], None]
"""Is called with each stack that is finished."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of the examination: the commit that states were compared with, and a row for each stack, by
    environment, in deployment order."""

    commit: str
    rows: tuple[Row, ...]


def chosen_stacks(inventory: Inventory, environments: Collection[str], names: Collection[str]) -> tuple[Stack, ...]:
    """Returns the stacks of these environments; with names, those that have one of them as name or key.

    Raises BadInput for a name that no stack has.
    """
    candidates = tuple(stack for stack in inventory.stacks if stack.environment in environments)
    for name in names:
        if all(name not in (stack.key, stack.name) for stack in candidates):
            raise unknown_name_error("stack", name, [stack.key for stack in candidates])
    return tuple(stack for stack in candidates if not names or stack.key in names or stack.name in names)


def survey(context: Context, environments: Iterable[str], names: Collection[str], report: ReportRow) -> Survey:
    """Examines every stack, several concurrently. Writes nothing. An error of one stack is in its row."""
    environments = tuple(environments)
    inventory = context.survey(context.repository.protected_tip())
    chosen = chosen_stacks(inventory, environments, names)
    surveyed: list[Row] = []
    for environment in environments:
        stacks = [stack for wave in _waves(inventory, environment) for stack in wave if stack in chosen]
        surveyed += _look(context, inventory, environment, stacks, report)
    rows = without_shared_states(surveyed)
    needed = {key: needs for name in environments for key, needs in _find_needed(inventory, name).items()}
    return Survey(inventory.commit, _with_later(needed, rows))


def adopt_all(context: Context, survey: Survey, reason: str, report: ReportRow) -> tuple[Row, ...]:
    """Adopts the states that can be adopted, wave by wave of each environment; returns every row as it is then.

    After a crash at any point the same call continues: what is recorded is not done again.
    """
    rows = {row.stack: row for row in survey.rows}
    for environment in dict.fromkeys(row.environment for row in survey.rows):
        todo = {key for key, row in rows.items() if row.environment == environment and row.result in ("ready", "later")}
        if not todo:
            continue
        try:
            with lock_environment(context, environment), adoption_run(context, environment) as at:
                if at.inventory.commit != survey.commit:
                    raise BadInput(
                        "the protected branch moved in the meantime. No changes were made", hint="run the command again"
                    )
                for wave in _waves(at.inventory, environment):
                    wave_rows = [rows[stack.key] for stack in wave if stack.key in todo]
                    rows |= {
                        row.stack: row for row in _map_rows(context, wave_rows, partial(_adopt, at, reason, report))
                    }
        except Interrupted:
            raise
        except TerraceError as error:
            for key in sorted(todo):
                if rows[key].result in ("ready", "later"):
                    rows[key] = rows[key].refused(error)
                    report(rows[key])
    return tuple(rows.values())


def _look(
    context: Context, inventory: Inventory, environment: str, stacks: list[Stack], report: ReportRow
) -> tuple[Row, ...]:
    blanks = [Row(stack.key, environment, stack.shown_path, "refused") for stack in stacks]
    by_key = {stack.key: stack for stack in stacks}
    if not stacks:
        return ()
    needed = _find_needed(inventory, environment)

    def look_at(at: AdoptionRun, blank: Row) -> Row:
        row = _row(at, by_key[blank.stack], blank)
        # A stack that could not be planned may only wait for another one, which is known after all are examined.
        if row.adoption is not None or row.result != "refused" or not needed.get(row.stack):
            report(row)
        return row

    try:
        with adoption_run(context, environment) as at:
            rows = _map_rows(context, blanks, lambda blank: look_at(at, blank))
    except Interrupted:
        raise
    except TerraceError as error:
        rows = tuple(row.refused(error) for row in blanks)
    return rows


def _map_rows(context: Context, rows: Iterable[Row], adopt_row: Callable[[Row], Row]) -> tuple[Row, ...]:
    """Returns the rows after `work`, in their order; up to `parallel` run concurrently."""
    with ThreadPoolExecutor(max_workers=max(1, context.parallel)) as pool:
        return tuple(pool.map(adopt_row, rows))


def _row(at: AdoptionRun, stack: Stack, blank: Row) -> Row:
    try:
        examined = examine(at, stack)
        if isinstance(examined, Settled):
            return replace(blank, result="settled", settled=examined)
        ready = replace(blank, result="ready", adoption=examined)
    except Interrupted:
        raise
    except TerraceError as error:
        row = blank.refused(error)
        if isinstance(error, TerraformFailed) and "Unable to find remote state" in error.message:
            return replace(row, hint=_UNKNOWN_OWNER)
        return row
    try:
        insist_on_no_creation(examined, frozenset())
    except BadInput as error:
        return ready.refused(error)
    return ready


def _with_later(needed: Mapping[str, set[str]], rows: Iterable[Row]) -> tuple[Row, ...]:
    """Returns the rows; those that could not be planned because they read a state that has to move first have that
    reason.
    """
    moving: set[str] = set()
    refused: set[str] = set()
    following = []
    for row in rows:
        after = tuple(sorted(needed.get(row.stack, set()) & moving))
        if row.result == "refused" and row.adoption is None and after:
            row = replace(row, result="later", after=after)
        elif row.result == "refused" and row.adoption is None and (blocking := needed.get(row.stack, set()) & refused):
            first = ", ".join(sorted(blocking))
            row = replace(row, hint=f"it needs {first}, which cannot be adopted: resolve that first", after=())
        if row.result == "later" or (row.result == "ready" and row.adoption is not None and not row.adoption.in_place):
            moving.add(row.stack)
        if row.result == "refused":
            refused.add(row.stack)
        following.append(row)
    return tuple(following)


def _adopt(at: AdoptionRun, reason: str, report: ReportRow, row: Row) -> Row:
    done = _take(at, reason, row)
    report(done)
    return done


def _take(at: AdoptionRun, reason: str, row: Row) -> Row:
    try:
        adoption = row.adoption
        if adoption is None:
            # The state that it reads was moved a moment before.
            fresh = replace(at, history=at.context.ledger.read())
            looked = examine(fresh, at.stack(row.stack))
            if isinstance(looked, Settled):
                return replace(row, result="settled", settled=looked, why="", hint="", place="")
            insist_on_no_creation(looked, frozenset())
            adoption = looked
        done: Adopted = adopt_state(at, adoption, reason)
        return replace(row, result="adopted", adoption=adoption, done=done, why="", hint="", place="")
    except Interrupted:
        raise
    except TerraceError as error:
        return row.refused(error)


def _waves(inventory: Inventory, environment: str) -> tuple[tuple[Stack, ...], ...]:
    """Returns the stacks of an environment in deployment order; refused ones, which have no place in it, first."""
    refused = tuple(stack for stack in inventory.of(environment) if stack.key in inventory.refusals)
    rest = tuple(stack for stack in inventory.of(environment) if stack.key not in inventory.refusals)
    return (*((refused,) if refused else ()), *order_stacks(rest, inventory.graph).waves)


def _find_needed(inventory: Inventory, environment: str) -> Mapping[str, set[str]]:
    """Returns, for each stack of an environment, the stacks that it depends on: all in the environment, and certain
    ones elsewhere."""
    every = tuple(stack for stack in inventory.stacks if stack.key not in inventory.refusals)
    rest = tuple(stack for stack in every if stack.environment == environment)
    needs = {key: set(owners) for key, owners in find_needs(rest, inventory.graph).items()}
    keys = {stack.key for stack in rest}
    for edge in find_edges(every, inventory.graph):
        if edge.reader in keys and (edge.certain or edge.owner in keys):
            needs[edge.reader].add(edge.owner)
    return needs
