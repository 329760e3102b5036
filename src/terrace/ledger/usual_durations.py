"""How long each step usually takes, from the deployments before."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import timedelta
from statistics import median

from terrace.ledger.deployment import Step
from terrace.ledger.folds import deployments
from terrace.ledger.model import History

NEWEST = 10
"""Number of successful runs of a step from which the duration is taken, the newest ones."""

StepKey = tuple[str, str, Step]
"""Environment, stack ("" for a step of the environment) and step."""


def usual_durations(history: History) -> Mapping[StepKey, timedelta]:
    """Returns the median duration of the newest successful runs of each step. Plans and applies without changes do not
    count, since a run with changes takes longer."""
    return history.view(_usual_durations)


def _usual_durations(history: History) -> Mapping[StepKey, timedelta]:
    seconds: dict[StepKey, deque[float]] = defaultdict(lambda: deque(maxlen=NEWEST))
    for deployment in deployments(history):
        for record in deployment.steps:
            if record.result == "succeeded" and record.ended_at is not None and record.detail.empty is not True:
                key = (deployment.environment, record.stack, record.step)
                seconds[key].append((record.ended_at - record.began_at).total_seconds())
    return {key: timedelta(seconds=median(values)) for key, values in seconds.items()}
