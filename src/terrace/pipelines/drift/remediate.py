"""Remediation of drift: a deployment of the commit that is already deployed, through the same gates as any other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from terrace.drift.remediation import Proposal, Refusal, proposals
from terrace.ledger.deployment import Deployment
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.deploy import enter
from terrace.pipelines.deploy.lifecycle import Opening, Refused, deployment_waves, select_waves
from terrace.stacks.model import Remediation


@dataclass(frozen=True, slots=True)
class RemediationResult:
    """The remediations of one environment, and the drift that was not reverted, with reasons."""

    environment: str
    deployments: tuple[Deployment | Refused, ...]
    refusals: tuple[Refusal, ...]


def remediate(context: Context, environments: Iterable[str]) -> tuple[RemediationResult, ...]:
    """Reverts the drift that the newest checks of these environments found, as far as terrace.yaml allows it."""
    return tuple(_remediate(context, name) for name in environments)


def _remediate(context: Context, environment: str) -> RemediationResult:
    settings = context.config.environment(environment)
    answer = proposals(settings, context.ledger.read(), context.clock())
    done = []
    for proposal in answer.proposals:
        deployment = _enter(context, environment, proposal)
        done.append(deployment)
        if isinstance(deployment, Refused) or deployment.open:
            # An environment never has two deployments at once.
            break
    return RemediationResult(environment, tuple(done), answer.refusals)


def _enter(context: Context, environment: str, proposal: Proposal) -> Deployment | Refused:
    waves = select_waves(deployment_waves(context.survey(proposal.commit), environment), proposal.stacks)
    origin = Remediation(proposal.check, context.actor)
    return enter(context, context.ledger.read(), Opening(environment, proposal.commit, origin, waves, partial=True))
