"""The situation of an environment after a deployment, and for a reply: its hold and its gates now."""

from __future__ import annotations

from terrace.config.model import Environment
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.hold_releases import current_hold
from terrace.pipelines.situation import evaluate_gates, recorded_situation
from terrace.rollout.situation import Situation


def situation_after(context: Context, done: Deployment | Refused) -> Situation | None:
    """Returns the situation of the environment of a deployment now; None where the deployment was refused."""
    if isinstance(done, Refused):
        return None
    return current_situation(context, context.ledger.read(), context.config.environment(done.environment))


def current_situation(context: Context, history: History, environment: Environment) -> Situation:
    """Returns the situation of an environment with its hold, by this history and the gates now."""
    hold = current_hold(history, environment.name, context.dismissed, context.proof)
    recorded = recorded_situation(context.config, context.policy, history, environment, hold)
    return evaluate_gates(recorded, history, lambda: context)
