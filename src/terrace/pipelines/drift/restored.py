"""Checks an environment for drift after a state was restored: the result of its last deployment says nothing any
more."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.drift.checks import Check
from terrace.errors import Interrupted, TerraceError
from terrace.pipelines.context import Context
from terrace.pipelines.drift.detect import look


@dataclass(frozen=True, slots=True)
class RestoreCheck:
    """The drift check after a restore. `problem` is the reason why the check failed as a whole; "" where it did not."""

    checks: tuple[Check, ...] = ()
    problem: str = ""

    @property
    def is_complete(self) -> bool:
        """Returns whether the result of every stack is known."""
        return bool(self.checks) and all(check.good for check in self.checks)


def check_restored(context: Context, environment: str) -> RestoreCheck:
    """Checks an environment for drift and records the result. An error is a result: the restore succeeded before."""
    try:
        return RestoreCheck(look(context, (environment,)))
    except Interrupted:
        raise
    except TerraceError as error:
        return RestoreCheck(problem=str(error))
