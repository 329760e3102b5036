"""Random kills at random moments. What was really made is counted outside, never from Terrace's own records.

A round: a release is deployed; at a random moment somebody who lives then is killed; people go on as the docs say,
until the release is there. An unknown outcome that somebody acknowledged allows one more apply, and nothing else does.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from support.backends import BACKENDS
from support.cli import Done
from support.marks import Workplace, workplace
from support.processes import Living, descendants, until_dead
from support.settling import let_go, settle
from support.stage import Actor

TRIES = 6
"""How often people try to go on before they give a release up."""


@dataclass(slots=True)
class Tally:
    """What happened. `doubles` and `lost` must be 0, and `stuck` too."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    unlocked: int = 0
    doubles: int = 0
    lost: int = 0
    stuck: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another one's rounds too."""
        self.rounds += other.rounds
        self.kills += other.kills
        self.unknown += other.unknown
        self.unlocked += other.unlocked
        self.doubles += other.doubles
        self.lost += other.lost
        self.stuck += other.stuck
        self.failures += other.failures

    @property
    def bad(self) -> int:
        return self.doubles + self.lost + self.stuck


def play(rounds: int, seed: str, backend: str, ledger: str, lay: Callable[..., Workplace] = workplace) -> Tally:
    """Play so many rounds in one world. `lay` lays out the workplace, and with it what is counted."""
    tally = Tally()
    chance = random.Random(seed)
    with BACKENDS[backend]() as running, TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        place = lay(Path(folder), running, ledger)
        place.stage.ok("deploy", "dev")
        for number in range(rounds):
            _round(place, f"r{number}", chance, tally)
    return tally


def _round(place: Workplace, release: str, chance: random.Random, tally: Tally) -> None:
    place.release(release)
    actor = place.stage.start("deploy", "dev", "--json")
    _until_the_moment(place, actor, chance)
    victims, others = _choose(actor, chance)
    for victim in victims:
        victim.kill()
    tally.rounds += 1
    tally.kills[_name(victims)] += 1
    told = actor.ended()
    if any(victim.part in ("git", "terrace") for victim in victims):
        tally.unlocked += _bury(place, [one for one in others if one.part == "git"])
    before = place.events()
    acknowledged = _go_on(place, release, told, others, chance, tally)
    made = place.made(release)
    if any(times > 1 + acknowledged for times in made.values()):
        tally.doubles += 1
        tally.failures.append(f"{release}: {_name(victims)} killed, {acknowledged} acknowledged, made {dict(made)}")
    if not made:
        tally.stuck += 1
        tally.failures.append(f"{release}: {_name(victims)} killed, and it is said to be there, but is not")
    if place.events()[: len(before)] != before:
        tally.lost += 1
        tally.failures.append(f"{release}: {_name(victims)} killed, and events are lost")


def _until_the_moment(place: Workplace, actor: Actor, chance: random.Random) -> None:
    """Half of all moments lie anywhere in the deployment, half in its apply."""
    usual = place.seconds
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, usual))
        return
    known = place.applies()
    end = time.monotonic() + 3 * usual
    while place.applies() == known and time.monotonic() < end and actor.process.is_alive():
        time.sleep(0.002)
    time.sleep(chance.uniform(0, usual / 3))


def _choose(actor: Actor, chance: random.Random) -> tuple[list[Living], list[Living]]:
    """Who dies: Terrace, one of those below it, or all; and all who lived then."""
    below = [one for one in descendants(actor.pid) if one.part]
    terrace = Living(actor.pid, 0, "", "terrace")
    kinds = sorted({one.part for one in below})
    kind = chance.choice(["terrace", "all", *kinds, *kinds])
    if kind == "all":
        return [terrace, *below], below
    return [one for one in (terrace, *below) if one.part == kind], below


def _name(victims: list[Living]) -> str:
    parts = {one.part for one in victims}
    return "all" if "terrace" in parts and len(parts) > 1 else parts.pop()


def _go_on(
    place: Workplace, release: str, told: Done | None, others: list[Living], chance: random.Random, tally: Tally
) -> int:
    """Do what people do until the release is there; how often an unknown outcome was acknowledged."""
    acknowledged = 0
    for attempt in range(TRIES):
        if told is None or attempt:
            told = place.stage.run("deploy" if acknowledged or attempt % 2 else "resume", "dev", "--json")
        if _result(told) == "unknown":
            tally.unknown += 1
            _refuses(place, release, tally)
            acknowledged += 1
            _bury(place, others)
            if chance.random() < 0.5:
                let_go(place)
                continue
            told = settle(place, release)
        if _result(told) == "succeeded":
            return acknowledged
        tally.unlocked += _bury(place, others)
        if place.backend.locked(place.key):
            # Whoever held it is dead: somebody killed Terraform while it planned.
            tally.unlocked += 1
            place.backend.unlock(place.key)
    tally.stuck += 1
    tally.failures.append(f"{release}: {TRIES} tries, and it is not there: {told.out if told else ''}"[:2000])
    return acknowledged


def _bury(place: Workplace, others: list[Living]) -> int:
    """Make sure that nobody of a round lives any more, and remove the locks of a Git that was killed; how many."""
    for one in others:
        # Terraform is what ends a provider; one whose Terraform was killed stays.
        if one.part == "provider":
            one.kill()
    assert until_dead(others, 60), "somebody lives on"
    left = [*place.work.glob(".git/refs/**/*.lock"), *place.folder.glob("work.git/refs/**/*.lock")]
    for lock in left:
        lock.unlink()
    return len(left)


def _refuses(place: Workplace, release: str, tally: Tally) -> None:
    """Nothing runs before somebody has looked."""
    before = place.made(release)
    refused = place.stage.run("deploy", "dev", "--json")
    if _result(refused) != "blocked" or place.made(release) != before:
        tally.doubles += 1
        tally.failures.append(f"{release}: unknown, and not refused: {refused.out}"[:2000])


def _result(told: Done) -> str:
    """What a command said became of the deployment; "" when it said nothing of one."""
    return str(told.json.get("result", "")) if told.out.startswith("{") else ""
