"""What people do about an unknown outcome: the two ways out that the docs name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from support.cli import Done
from support.marks import Workplace

QUESTIONS = 6
"""How often `terrace resume` may ask for something more before it has all that it needs."""


def settle_by_hand(place: Workplace) -> None:
    """By hand: make sure that all are dead, free the lock, and answer for it. The next deployment plans anew."""
    place.backend.unlock(place.key)
    why = ("--reason", "looked at it: the marks say what was made")
    place.stage.ok("resume", "dev", "--settled", "dev", *why, "--dead", "killed by the test", "--yes", "--json")
    place.stage.ok("unhold", "dev", *why)


def settle(place: Workplace, release: str) -> Done:
    """Guided: answer what `terrace resume` asks, by what was really made, until a fresh plan went in."""
    answers: list[str] = []
    for _ in range(QUESTIONS):
        done = place.stage.run("resume", "dev", "--yes", "--json", *answers)
        assert done.out.startswith("{"), done.err
        if "remains" not in done.json:
            again = [word for reason in done.json["reasons"] for word in _recreation_consent(reason)]
            if not again:
                return done
            answers += again
            continue
        for remains in done.json["remains"]:
            answers += _answers(remains, place.made(release))
    raise AssertionError(f"it never has enough: {done.out}")


def _recreation_consent(reason: str) -> Iterator[str]:
    """terraform_data loses its triggers when it is imported: a plan would make it anew, and asks."""
    address, separator, _ = reason.partition(" was imported, and would be recreated")
    if separator:
        yield from ("--again", address.rpartition(" ")[2])


def _answers(remains: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    if not remains["dead"]:
        yield from ("--dead", "killed by the test")
    for address in remains["open"]:
        exists = counts.get(address.rpartition(".")[2])
        yield from ("--import", f"{address}=found-by-a-person") if exists else ("--absent", address)
    for address in remains["unfinished"]:
        yield from ("--whole", address)
    for stale in remains["stale"]:
        yield from ("--gone", stale["address"])
    if remains["lock"] is not None and not remains["lock"]["ours"]:
        assert not remains["lock"]["who"], "somebody else's lock is theirs"
        yield from ("--unlock", remains["lock"]["id"])
