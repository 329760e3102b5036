"""The rules that findings can have, for `terrace explain`: their meaning, importance, fix, and how to accept them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from terrace.assess.factors import FACTORS
from terrace.checks.all import CHECKS
from terrace.checks.base import Check, Rule
from terrace.config.naming import unknown_name_error

OF_PLANNING: tuple[Rule, ...] = (
    Rule(
        "plan",
        "A stack that the change impacts could not be planned.",
        "The effect of the change on that stack is unknown.",
        "Fix the error that Terraform reports at its place, and check again; a stack that depends on another one is "
        "planned after it.",
        "It cannot be waived: a stack without a plan is never applied.",
    ),
    Rule(
        "plan-complete",
        "Terraform planned a part only: it met an error, or deferred some changes.",
        "The rest of the plan was not checked.",
        "Fix the error that Terraform reports, or apply first what the deferred changes depend on.",
        "It cannot be waived: an incomplete plan is never applied.",
    ),
    Rule(
        "audit",
        "`terrace check --all` could not check a deployed stack.",
        "It is unknown whether the deployed stack still meets the rules.",
        "Do what the finding says: finish the deployment that is in progress there, or deploy a release of the stack.",
        "It cannot be waived: a stack that was not checked gives no evidence.",
    ),
)
"""Rules about stacks that could not be planned, or not completely. They belong to no check."""

OF_WAIVERS: tuple[Rule, ...] = (
    Rule(
        "skip-comment",
        "The change adds a comment that asks to skip a rule: `# terrace:ignore RULE why`, or one for a scanner.",
        "The author of the source would judge it, with no owner and no expiry date.",
        "Write the record that the finding shows, and ask an owner to merge it; or remove the comment.",
        "It never blocks. The comment waives nothing; a waiver at that place removes its finding.",
    ),
    Rule(
        "waiver-expired",
        "A waiver, or a record of the baseline, has expired.",
        "The findings that it waived count again, and no one owns them any more.",
        "Fix the finding, or ask the owner to renew it; else remove the record.",
        "It blocks a change only where that finding exists; elsewhere it is advisory.",
    ),
    Rule(
        "waiver-ends",
        "A waiver, or a record of the baseline, expires within 14 days.",
        "After that day, the findings that it waives block every change that has them.",
        "Fix the finding, or ask the owner to renew it.",
        "It never blocks.",
    ),
    Rule(
        "waiver-unused",
        "An audit of everything found nothing that a waiver, or a record of the baseline, applies to.",
        "A record that outlives its finding hides the next one.",
        "Remove the record; `terrace baseline` removes those of the baseline.",
        "It never blocks.",
    ),
)
"""Rules about the records of waivers themselves."""


def rules(checks: Mapping[str, Check] = CHECKS) -> dict[str, Rule]:
    """Returns the rules of checks, and those of planning, waivers and the factors of the risk, by name."""
    of_checks = (rule for check in checks.values() for rule in check.rules)
    return {rule.name: rule for rule in (*of_checks, *OF_PLANNING, *OF_WAIVERS, *_of_risk())}


def rule_named(name: str, checks: Mapping[str, Check] = CHECKS) -> Rule:
    """Returns the rule of that name; for a rule of a scanner, the one that explains the scanner.

    Raises BadInput with the nearest right name when there is none.
    """
    known_rules = rules(checks)
    tool = checks.get(name.partition(".")[0])
    if name not in known_rules and tool is not None and tool.own_rules and "." in name:
        return known_rules[tool.name]
    if name not in known_rules:
        raise unknown_name_error("rule", name, known_rules)
    return known_rules[name]


def _of_risk() -> Iterable[Rule]:
    return (
        Rule(
            factor.name,
            f"A factor of the risk: {factor.points} points for {factor.counts}, at most {factor.cap} in all.",
            f"{factor.why[0].upper()}{factor.why[1:]}.",
            "Make the change smaller, or make known what is unknown; `terrace check --explain` names it.",
            "It blocks nothing, so there is nothing to waive.",
        )
        for factor in FACTORS
    )
