"""What every rule of a check means, for whoever meets one: why it matters, how to fix it, how to do without."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.assess.factors import FACTORS
from terrace.stacks.naming import no_such


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, or one factor of the risk, in sentences. `waive` says how a team goes on without it, if it can."""

    name: str
    means: str
    why: str
    fix: str
    waive: str


RULES: tuple[Rule, ...] = (
    Rule(
        "format",
        "A changed file is not written as `terraform fmt` writes it, or that could not be told.",
        "Differences of layout hide differences of meaning in a review.",
        "Run the command that the finding names; its diff is in the finding.",
        "`checks: {format: advisory}` of terrace.yaml tells it only, `off` does not look.",
    ),
    Rule(
        "trust-root",
        "The change loosens the rules that judge changes: terrace.yaml or what it names.",
        "Whatever comes after it meets the weaker rules.",
        "Take it back, or have an owner merge it on its own.",
        "`checks: {trust-root: advisory}` of terrace.yaml tells it only; that is a loosening itself.",
    ),
    Rule(
        "layout",
        "Something in the layout of the repository could not be looked into.",
        "What was not looked at may be part of the change, and is not judged.",
        "Do what the finding says at its place.",
        "It never blocks. `checks: {layout: off}` of terrace.yaml does not tell it.",
    ),
    Rule(
        "plan",
        "A stack that the change touches could not be planned.",
        "Nobody knows what the change does there.",
        "Mend what Terraform says at its place, and check again; what waits for another stack is planned after it.",
        "It cannot be waived: a stack without a plan is never applied.",
    ),
    Rule(
        "plan-complete",
        "Terraform planned a part only: it met an error, or put something off.",
        "What the plan leaves out was not looked at.",
        "Mend the error that Terraform tells, or apply what it waits for first.",
        "It cannot be waived: an incomplete plan is never applied.",
    ),
)
"""Every rule that a finding can bear."""


def rules() -> dict[str, Rule]:
    """Rules and factors of the risk, by name."""
    factors = (
        Rule(
            factor.name,
            f"A factor of the risk: {factor.points} points for {factor.counts}, at most {factor.cap} in all.",
            f"{factor.why[0].upper()}{factor.why[1:]}.",
            "Make the change smaller, or the thing that is counted known; `terrace check --explain` names it.",
            "It blocks nothing, so there is nothing to waive.",
        )
        for factor in FACTORS
    )
    return {rule.name: rule for rule in (*RULES, *factors)}


def rule(name: str) -> Rule:
    """The rule of that name. Raises BadInput with the nearest right name when there is none."""
    known = rules()
    if name not in known:
        raise no_such("rule", name, known)
    return known[name]
