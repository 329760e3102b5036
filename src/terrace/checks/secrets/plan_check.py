"""The check `plan-secrets`: secrets in clear text in a plan, by name or format, that Terraform does not mark."""

from __future__ import annotations

from terrace.checks.base import ONE_PLACE, CheckContext, Findings, PlanCheck, Rule


def check_plans(context: CheckContext) -> Findings:
    """Returns a finding for each secret that the plans show."""
    from terrace.checks.secrets.plan import find_exposed

    return find_exposed(context.plans)


CHECK = PlanCheck(
    name="plan-secrets",
    run=check_plans,
    rules=(
        Rule(
            "plan-secrets",
            "A plan contains what looks like a secret in a place that is not marked as sensitive.",
            "It is in the state, in logs and on screens in clear text.",
            "Read it from a secret store, and mark the variable `sensitive`.",
            f"`checks: {{plan-secrets: advisory}}` in terrace.yaml makes it advisory. {ONE_PLACE}",
        ),
    ),
)
