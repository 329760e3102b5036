"""What makes a change risky: the whole formula, as data. `docs/reference/risk.md` is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.model import RiskLevel

Level = RiskLevel
"""What a score comes to."""


@dataclass(frozen=True, slots=True)
class Factor:
    """`points` for each thing that `counts` names, at most `cap` in all; `why` says why it matters."""

    name: str
    points: int
    cap: int
    counts: str
    why: str


FACTORS: tuple[Factor, ...] = (
    Factor("size", 1, 20, "every change of an object or output", "nobody reads forty changes with equal care"),
    Factor(
        "loss",
        5,
        35,
        "every object that is deleted, replaced or forgotten",
        "what uses it stops working, for a while or for good",
    ),
    Factor(
        "data",
        3,
        12,
        "every object that may hold data and is not merely created or tagged",
        "a mistake there is harder to take back",
    ),
    Factor(
        "data-loss",
        50,
        75,
        "every object that may hold data and is deleted or replaced",
        "what it holds is lost, and no earlier configuration brings it back",
    ),
    Factor(
        "protection",
        8,
        24,
        "every object of which encryption, copies or a lock against deletion changes",
        "nothing breaks today; the next mishap cannot be mended",
    ),
    Factor("rights", 18, 36, "every change to who may do what", "a right too many is used by others, later"),
    Factor("exposure", 6, 24, "every other change to who reaches what, or who watches", "a way in is found by others"),
    Factor(
        "exposure-doubt",
        6,
        18,
        "every right or way in that goes away, or whose value is known only after apply or is sensitive",
        "nobody can read here what it will be",
    ),
    Factor(
        "everybody",
        28,
        56,
        "every right or way in that is, or was, for everybody or for everything",
        "no other mistake is needed for harm",
    ),
    Factor(
        "not-known",
        30,
        60,
        "every plan that is missing or incomplete, and every action that Terrace does not know",
        "nobody knows what will happen",
    ),
    Factor("finding-critical", 50, 100, "every critical finding", "a rule says that this must not be"),
    Factor("finding-high", 15, 45, "every high finding, and every check without an answer", "a rule says so"),
    Factor("finding-medium", 4, 16, "every medium finding", "a rule says so"),
    Factor("finding-low", 1, 5, "every low finding", "a rule says so"),
    Factor("production", 8, 8, "production is touched", "people outside depend on it"),
    Factor(
        "production-change",
        10,
        20,
        "every change in production that does more than tag or move",
        "people outside may notice it",
    ),
    Factor("environments", 4, 12, "every environment beyond the first", "a mistake is in several places at once"),
    Factor("stacks", 2, 10, "every stack beyond the first", "a mistake is in several places at once"),
    Factor(
        "drift",
        6,
        12,
        "every environment that drifted, or of which nobody knows whether it did",
        "the plan may take back what somebody did by hand",
    ),
    Factor("first", 8, 16, "every stack that was never deployed", "nobody has seen it work"),
    Factor(
        "new-type", 1, 6, "every type that no deployment of its environment named before", "nobody has seen it work"
    ),
    Factor(
        "idle", 4, 8, "every environment without a deployment in the last 30 days", "much may have changed meanwhile"
    ),
    Factor("removed", 5, 15, "every stack whose folder is removed", "its objects stay, and nobody looks after them"),
)
"""Every factor. The score is the sum, at most 100."""


def factor(name: str) -> Factor:
    """The factor of that name; it must be one of FACTORS."""
    return next(one for one in FACTORS if one.name == name)


LEVELS: tuple[tuple[Level, int], ...] = (("critical", 75), ("high", 50), ("medium", 18), ("low", 0))
"""Each level with the score from which it counts, the worst first."""
