"""The context of a change's risk, for each environment that it impacts: from the configuration and the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from terrace.assess.risk import EnvironmentFacts
from terrace.config.environment_names import is_production
from terrace.config.model import Config, Environment
from terrace.drift.checks import drift_status, newest_first
from terrace.ledger import folds
from terrace.ledger.model import History


def environment_facts(
    config: Config, history: History, names: Iterable[str], now: datetime
) -> dict[str, EnvironmentFacts]:
    """Returns the context by environment. Facts that the ledger does not contain stay unknown."""
    return {name: _of(config, history, config.environment(name), now) for name in names}


def _of(config: Config, history: History, environment: Environment, now: datetime) -> EnvironmentFacts:
    name = environment.name
    deployments = folds.of_environment(history, name)
    how = drift_status(newest_first(history, name), now, environment.drift.every)
    drifted = None if how is None or how.status == "unknown" or how.overdue else how.status == "drifted"
    return EnvironmentFacts(
        production=_production(config, environment),
        # Where nothing was deployed, nothing can have drifted or aged. A first deployment is a risk factor of its own.
        drifted=drifted if deployments else False,
        deployed=frozenset(folds.live_deployments(history, name)),
        types=frozenset().union(*(deployment.stack_results.types for deployment in deployments)),
        idle=now - deployments[-1].opened_at if deployments else timedelta(0),
    )


def _production(config: Config, environment: Environment) -> bool:
    """Returns whether it is production: by its name, because it is protected, or because it is last in the promotion
    order."""
    last = all(other.after != environment.name for other in config.environments)
    alone = len(config.environments) == 1
    by_rule = environment.protected or is_production(environment.name)
    return by_rule or (last and (alone or environment.after is not None))
