"""Random kills at random moments. What was really made is counted outside, never from Terrace's own records.

A round: a release is deployed; at a random moment a process that lives then is killed, in a part of the rounds right
before or after Terrace touches the world (its ledger, Terraform, a backup, a runner, a tag); perhaps more happens: the
data folder is copied, brought back from a snapshot, loses a file or a part of a log, people go on from another machine,
or the driver only stands still, is declared dead and wakes up. Then people go on as the docs say, until the release is
there.
An unknown outcome that somebody acknowledged allows one more apply, and nothing else does.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from support.backends import BACKENDS
from support.cli import Done
from support.marks import Workplace, workplace
from support.mishaps import Folders, Mishap, elsewhere, possible
from support.processes import Living, descendants, find_process, until_dead
from support.settling import settle, settle_by_hand
from support.stage import Actor
from terrace.errors import NotReady

CROSSINGS = 50
"""About as many times a deployment of a release touches the world."""

TRIES = 6
"""How often people try to go on before they give a release up."""


@dataclass(slots=True)
class Tally:
    """What happened. `doubles` and `lost` must be 0, and `stuck` too."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    mishaps: Counter[str] = field(default_factory=Counter)
    crossings: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    declared: int = 0
    unlocked: int = 0
    restored: int = 0
    doubles: int = 0
    lost: int = 0
    stuck: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another one's rounds too."""
        self.rounds += other.rounds
        self.kills += other.kills
        self.mishaps += other.mishaps
        self.crossings += other.crossings
        self.declared += other.declared
        self.unknown += other.unknown
        self.unlocked += other.unlocked
        self.restored += other.restored
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
    tally.failures = [f"game {seed}, {backend}, {ledger}: {failure}" for failure in tally.failures]
    return tally


def _round(place: Workplace, release: str, chance: random.Random, tally: Tally) -> None:
    place.release(release)
    mishap, folders = chance.choice(possible()), Folders(place)
    crossing = chance.randint(1, CROSSINGS) if mishap not in ("restored", "stopped") and chance.random() < 0.4 else 0
    where = ""
    if crossing:
        actor, where = place.stage.start_until_halted("dev", crossing)
    else:
        actor = place.stage.start("deploy", "dev", "--json")
    if crossing:
        pass
    elif mishap == "restored":
        _until_the_moment(place, actor, chance)
        folders.keep()
        time.sleep(chance.uniform(0, place.seconds / 3))
    else:
        _until_the_moment(place, actor, chance)
    driver = find_process(actor.pid, "terrace") if mishap == "stopped" else []
    victims, others = _choose(actor, chance, only_driver=bool(crossing))
    if crossing and not where:
        victims = []  # It ended before that crossing.
    if mishap == "stopped":
        # The driver stands still, and nothing of what it began goes on: who declares it dead is nearly right.
        for process in driver:
            process.signal(signal.SIGSTOP)
        others = [process for process in descendants(actor.pid) if process.part]
        victims = others
    for victim in victims:
        victim.kill()
    tally.rounds += 1
    round_ = _Round(place, release, f"{_name(victims)}{where and f' {where}'}, {mishap}", others, chance, tally)
    tally.kills[_name(victims) if mishap != "stopped" else "stopped"] += 1
    tally.mishaps[mishap] += 1
    tally.crossings[where or "at any time"] += 1
    done = None
    if crossing:
        actor.kill()
        actor.voice.close()
    elif mishap != "stopped":
        done = actor.ended()
    if mishap != "stopped" and any(victim.part in ("git", "terrace") for victim in victims):
        tally.unlocked += _bury(place, [process for process in others if process.part == "git"])
    round_.name += f" ({_befall(mishap, folders, chance)})"
    try:
        before = place.events()
    except NotReady:
        # It was stopped while it wrote: until it goes on, or is dead, no other process can write.
        for process in driver:
            process.kill()
        before = place.events()
    if mishap == "stopped":
        other_home = folders.of_another_machine()
        words = ("resume", "dev", "--dead", "it stands still", "--json")
        try:
            done = round_.one_more(elsewhere(place, *words, home=other_home))
        finally:
            for process in driver:
                process.signal(signal.SIGCONT)
        actor.ended()
        tally.unlocked += _bury(place, [])
    elif mishap == "elsewhere":
        _bury(place, others)
        done = round_.one_more(elsewhere(place, "resume", "dev", "--dead", "its machine is gone", "--json"))
    round_.go_on(done)
    counts = place.made(release)
    if any(times > 1 + round_.acknowledged for times in counts.values()):
        tally.doubles += 1
        tally.failures.append(f"{release}: {round_.name}, {round_.acknowledged} acknowledged, made {dict(counts)}")
    if not counts:
        tally.stuck += 1
        tally.failures.append(f"{release}: {round_.name}, and it is said to be there, but is not")
    if place.events()[: len(before)] != before:
        tally.lost += 1
        tally.failures.append(f"{release}: {round_.name}, and events are lost")


def _befall(mishap: Mishap, folders: Folders, chance: random.Random) -> str:
    """What else happens before people go on."""
    match mishap:
        case "copied":
            folders.keep()
            folders.bring_back()
        case "restored":
            folders.bring_back()
        case "lost":
            return folders.lose(chance)
        case "cut":
            return folders.cut(chance)
    return mishap


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


def _choose(actor: Actor, chance: random.Random, *, only_driver: bool) -> tuple[list[Living], list[Living]]:
    """Who dies: Terrace, one of those below it, or all; and all who lived then. `only_driver`: not one of those."""
    below = [process for process in descendants(actor.pid) if process.part]
    terrace = find_process(actor.pid, "terrace")
    kinds = sorted({process.part for process in below})
    kind = chance.choice(["terrace", "all", *(() if only_driver else (*kinds, *kinds))])
    if kind == "all":
        return [*terrace, *below], below
    return [process for process in (*terrace, *below) if process.part == kind], below


def _name(victims: list[Living]) -> str:
    parts = {process.part for process in victims} or {"nobody"}
    return "all" if "terrace" in parts and len(parts) > 1 else parts.pop()


@dataclass(slots=True)
class _Round:
    """One round, once somebody died. `known` is what was made when last somebody knew all that was made."""

    place: Workplace
    release: str
    name: str
    others: list[Living]
    chance: random.Random
    tally: Tally
    acknowledged: int = 0
    known: Counter[str] = field(default_factory=Counter)

    def one_more(self, done: Done) -> Done:
        """Take what a command said; one that says that nothing was applied must be right."""
        if _result(done) == "failed" and "nothing was applied" in done.out:
            counts = self.place.made(self.release)
            if counts != self.known:
                self.tally.doubles += 1
                self.tally.failures.append(
                    f"{self.release}: {self.name}: nothing was applied, and {dict(counts)} was made"
                )
        return done

    def go_on(self, done: Done | None) -> None:
        """Do what people do until the release is there."""
        place = self.place
        for attempt in range(TRIES):
            if done is None or attempt:
                done = self.one_more(
                    place.stage.run("deploy" if self.acknowledged or attempt % 2 else "resume", "dev", "--json")
                )
            if "--dead WHY" in done.out or "people declared that it has terminated" in done.out or _is_busy(done):
                # Nothing here proves that the driver is dead: somebody makes sure of it, and says so.
                self.tally.unlocked += _bury(place, self.others)
                self.tally.declared += 1
                done = self.one_more(place.stage.run("resume", "dev", "--dead", "it was killed", "--json"))
            if _result(done) == "unknown":
                self.tally.unknown += 1
                _refuses(place, self.release, self.tally)
                self.acknowledged += 1
                _bury(place, self.others)
                self._bring_state_back(place.stage.run("resume", "dev", "--json"))
                if self.chance.random() < 0.5:
                    settle_by_hand(place)
                    self.known = place.made(self.release)
                    continue
                done = settle(place, self.release)
                self.known = place.made(self.release)
            if _result(done) == "succeeded":
                return
            self._bring_state_back(done)
            self.tally.unlocked += _bury(place, self.others)
            if place.backend.locked(place.key):
                # Whoever held it is dead: somebody killed Terraform while it planned.
                self.tally.unlocked += 1
                place.backend.unlock(place.key)
        self._give_up(done)

    def _bring_state_back(self, before: Done) -> None:
        """Restore the state where a command says that there is none: Terraform empties a local one before it writes."""
        if "terrace state restore dev" not in before.out:
            return
        self.tally.restored += 1
        accepted = ("--accept", "later-apply", "--reason", "Terraform was killed while it wrote the state")
        done = self.place.stage.run("state", "restore", "dev", *accepted, "--yes", "--json")
        if _result(done) != "restored":
            self.tally.failures.append(f"{self.release}: {self.name}: not restored: {done.out}{done.err}"[:2000])
        self.place.stage.run("unhold", "dev", "--reason", "restored")

    def _give_up(self, done: Done | None) -> None:
        self.tally.stuck += 1
        output = f"{done.out}{done.err}" if done else ""
        self.tally.failures.append(f"{self.release}: {self.name}: {TRIES} tries, and it is not there: {output}"[:2000])


def _is_busy(done: Done) -> bool:
    return _result(done) == "waiting" and "run by" in done.out


def _bury(place: Workplace, others: list[Living]) -> int:
    """Make sure that nobody of a round lives any more, and remove the locks of a Git that was killed; how many."""
    for process in others:
        # Terraform is what ends a provider; one whose Terraform was killed stays.
        if process.part == "provider":
            process.kill()
    assert until_dead(others, 60), "somebody lives on"
    locks = [*place.work.glob(".git/refs/**/*.lock"), *place.folder.glob("work.git/refs/**/*.lock")]
    for lock in locks:
        lock.unlink()
    return len(locks)


def _refuses(place: Workplace, release: str, tally: Tally) -> None:
    """Nothing runs before somebody has looked."""
    before = place.made(release)
    refused = place.stage.run("deploy", "dev", "--json")
    if _result(refused) != "blocked" or place.made(release) != before:
        tally.doubles += 1
        tally.failures.append(f"{release}: unknown, and not refused: {refused.out}"[:2000])


def _result(done: Done) -> str:
    """What a command said became of the deployment; "" when it said nothing of one."""
    return str(done.json.get("result", "")) if done.out.startswith("{") else ""
