"""The list of waivers: its cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from terrace.assess.waiver import Waiver
from terrace.report.terminal.waivers import waivers_list
from terrace.waivers.judging import Waivers

TODAY = date(2026, 3, 1)


class Counted(tuple[Waiver, ...]):
    """Waivers that count how often they are iterated."""

    passes = 0

    def __iter__(self) -> Iterator[Waiver]:
        Counted.passes += 1
        return super().__iter__()


def test_merged_waivers_are_read_a_fixed_number_of_times() -> None:
    passes = []
    for number in (10, 40):
        every = Counted(Waiver("r", "ann", "x", TODAY, TODAY, address=f"a.b{n}") for n in range(number))
        Counted.passes = 0
        waivers_list(Waivers(every), (), TODAY)
        passes.append(Counted.passes)
    assert passes[0] == passes[1] <= 4
