"""The formula of the risk of a change, as data. `docs/reference/risk.md` is generated from it."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.model import RiskLevel

Level = RiskLevel
"""The level of a score."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of the risk: `points` for each of what it `counts`, at most `cap` in all; `why` it matters."""

    name: str
    points: int
    cap: int
    counts: str
    why: str


FACTORS: tuple[Factor, ...] = (
    Factor("size", 1, 20, "every change of a resource or output", "no one reviews forty changes with equal care"),
    Factor(
        "loss",
        5,
        35,
        "every resource that is deleted, replaced or forgotten",
        "whatever depends on it stops working, temporarily or permanently",
    ),
    Factor(
        "data",
        3,
        12,
        "every resource that can hold data and is not only created or tagged",
        "a mistake there is harder to undo",
    ),
    Factor(
        "data-loss",
        50,
        75,
        "every resource that can hold data and is deleted or replaced",
        "its data is lost, and no earlier configuration restores it",
    ),
    Factor(
        "protection",
        8,
        24,
        "every resource whose encryption, backups or deletion protection change",
        "nothing breaks today; the next mistake cannot be undone",
    ),
    Factor("rights", 18, 36, "every change of rights", "an unneeded right is used later, by someone else"),
    Factor(
        "exposure", 6, 24, "every other change of access to resources, or of monitoring", "others find the new access"
    ),
    Factor(
        "exposure-doubt",
        6,
        18,
        "every right or access that is removed, or whose value is known only after apply or is sensitive",
        "a reviewer cannot see its value here",
    ),
    Factor(
        "unrestricted",
        28,
        56,
        "every right or access that is, or was, open to the world or for every action",
        "no other mistake is needed to do harm",
    ),
    Factor(
        "not-known",
        30,
        60,
        "every plan that is missing or incomplete, and every action that Terrace does not know",
        "the effect is unknown",
    ),
    Factor("finding-critical", 50, 100, "every critical finding", "a rule forbids it"),
    Factor("finding-high", 15, 45, "every high finding, and every check without a result", "a rule advises against it"),
    Factor("finding-medium", 4, 16, "every medium finding", "a rule advises against it"),
    Factor("finding-low", 1, 5, "every low finding", "a rule advises against it"),
    Factor("production", 8, 8, "production is impacted", "users depend on it"),
    Factor(
        "production-change",
        10,
        20,
        "every change in production that does more than tag or move",
        "users can notice it",
    ),
    Factor("environments", 4, 12, "every environment beyond the first", "a mistake is in several places at once"),
    Factor("stacks", 2, 10, "every stack beyond the first", "a mistake is in several places at once"),
    Factor(
        "drift",
        6,
        12,
        "every environment that has drifted, or whose drift is unknown",
        "the plan can revert changes that were made by hand",
    ),
    Factor("first", 8, 16, "every stack that was never deployed", "it has never been seen to work"),
    Factor(
        "new-type",
        1,
        6,
        "every type that no deployment of its environment has had before",
        "it has never been seen to work",
    ),
    Factor(
        "idle", 4, 8, "every environment without a deployment in the last 30 days", "much can have changed since then"
    ),
    Factor("removed", 5, 15, "every stack whose folder is removed", "its resources remain, and nothing manages them"),
)
"""Every factor. The score is the sum, at most 100."""


def factor(name: str) -> Factor:
    """Returns the factor of that name; it must be one of FACTORS."""
    return next(factor for factor in FACTORS if factor.name == name)


LEVELS: tuple[tuple[Level, int], ...] = (("critical", 75), ("high", 50), ("medium", 18), ("low", 0))
"""Each level with its lowest score, the highest level first."""
