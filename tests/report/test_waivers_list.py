"""The list of waivers: what its cost grows with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from terrace.assess.waiver import Waiver
from terrace.report.waivers_terminal import waivers
from terrace.waivers.judging import Waivers

TODAY = date(2026, 3, 1)


class Counted(tuple[Waiver, ...]):
    """Waivers that count how often they are gone through."""

    passes = 0

    def __iter__(self) -> Iterator[Waiver]:
        Counted.passes += 1
        return super().__iter__()


def test_the_merged_waivers_are_gone_through_as_often_however_many_are_listed() -> None:
    passes = []
    for number in (10, 40):
        every = Counted(Waiver("r", "ann", "x", TODAY, TODAY, address=f"a.b{n}") for n in range(number))
        Counted.passes = 0
        waivers(Waivers(every), (), TODAY)
        passes.append(Counted.passes)
    assert passes[0] == passes[1] <= 4
