"""Problems in a file that people write, each with its place, and the error that reports them together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from terrace.errors import BadInput, Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in a file, with its place. The hint is the edit that fixes it."""

    place: Place
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" (hint: {self.hint})" if self.hint else "")


class BadConfig(BadInput):
    """The error for a file with problems. `problems` is never empty and in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.message, hint=first.hint if len(problems) == 1 else None, place=first.place)
        self.problems = problems

    def at(self, path: str, whose: str) -> BadConfig:
        """Returns the same problems for the file under another name. `whose` is added to the hint."""
        moved = BadConfig(tuple(replace(problem, place=replace(problem.place, path=path)) for problem in self.problems))
        moved.hint = f"{moved.hint}; {whose}" if moved.hint else whose
        return moved

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return super().__str__()
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        return f"{self.problems[0].place.path} has {len(self.problems)} problems\n{lines}"
