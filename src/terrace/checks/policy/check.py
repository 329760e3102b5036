"""The check `policy`: the Rego policies of the repository, evaluated on every plan."""

from __future__ import annotations

from terrace.checks.base import CheckContext, Findings, PlanCheck, Rule


def check_policies(context: CheckContext) -> Findings:
    """Returns what the policies of the trust root, and those that the change proposes, find in the plans."""
    return context.adapters.policies.evaluate_change(context)


def check_deployed(context: CheckContext) -> Findings:
    """Returns what the policies of the trust root find in the plans. An audit proposes no others."""
    return context.adapters.policies.evaluate(context.trusted, context.plans)


CHECK = PlanCheck(
    name="policy",
    run=check_policies,
    run_in_audit=check_deployed,
    own_rules=True,
    never_waived="a policy that was not evaluated has found nothing",
    rules=(
        Rule(
            "policy",
            "A policy of the repository could not be evaluated, or a folder of `policies` contains none.",
            "A policy that was not evaluated finds nothing, and that means nothing for the change.",
            "Fix the policy there; `terrace policy test` runs its tests, `terrace policy input` shows its input.",
            "`checks: {policy: advisory}` in terrace.yaml makes it advisory; findings of a policy have its own name.",
        ),
        Rule(
            "policy-pack",
            "terrace.yaml pins another version of the policy pack than the one of this Terrace.",
            "The rules of this Terrace can allow what the pinned rules deny.",
            "Run `terrace policy update`, review the pull request with the new hash, and merge it; or run the version "
            "of Terrace that wrote the hash.",
            "It never blocks the change that pins the pack of this Terrace.",
        ),
        Rule(
            "not-covered",
            "Plans contain resource types of a cloud that no policy evaluates.",
            "The absence of findings means nothing for them.",
            "Write a policy for those that matter, and name them in `types` of its annotations.",
            "It never blocks.",
        ),
    ),
)
