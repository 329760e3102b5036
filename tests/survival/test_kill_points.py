"""kill -9 at every boundary and in the middle, on every backend: nothing is made twice, and no event is lost.

A stack of two resources leaves a mark outside for each that is really made. Somebody dies; then people do what the
docs say. What was really made, and what the ledger held before and after, is compared with what Terrace says.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.backends import BACKENDS
from support.cli import Done
from support.marks import SQLITE, Strike, Workplace, workplace
from support.settling import settle, settle_by_hand
from support.stage import CROSSINGS

pytestmark = pytest.mark.slow

ONCE = {"first": 1, "second": 1}
LEDGERS = {"local": "git", "s3": "git", "http": SQLITE, "pg": SQLITE}
"""Both kinds, two backends each."""

STRIDES = {"local": 1, "pg": 3, "s3": 9, "http": 9}
"""At which of the crossings Terrace dies: every one with a ledger in Git, every third with SQLite, fewer elsewhere."""

UNKNOWN = "The result is unknown, and Terrace does not run it again"


def spread(strikes: list[Strike], elsewhere: Mapping[str, str]) -> list[tuple[str, Strike]]:
    """Pairs of a backend and a strike: every strike at the local one, and wherever the backend has a part in it.

    Who dies before Terraform is started, or after it wrote its state and let go of its lock, leaves the same behind at
    each backend: such a strike comes at one more, by its command or its victim. A local state is read without
    Terraform, so that nobody dies of `terraform state` there.
    """
    found = []
    for backend, strike in itertools.product(BACKENDS, strikes):
        takes_part = strike.moment == "within"
        word = strike.victim if strike.command == "apply" else strike.command
        here = strike.command != "state" if backend == "local" else takes_part or elsewhere[word] == backend
        if here:
            found.append((backend, strike))
    assert {strike for _, strike in found} == set(strikes)
    return found


class Places:
    """One workplace for each backend, made when it is first asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._made: dict[str, Workplace] = {}
        self._releases = itertools.count(1)

    def at(self, backend: str) -> Workplace:
        if backend not in self._made:
            (self._folder / backend).mkdir()
            running = self._stack.enter_context(BACKENDS[backend]())
            self._made[backend] = workplace(self._folder / backend, running, LEDGERS[backend])
            self._made[backend].stage.ok("deploy", "dev")
        return self._made[backend]

    def name(self) -> str:
        """A release that was not there before."""
        return f"r{next(self._releases)}"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(tmp_path_factory.mktemp("places"), stack)


def killed(place: Workplace, strike: Strike) -> Done | None:
    """Deploy what is on main, with somebody killed on the way; None when Terrace itself was."""
    place.order(strike)
    actor = place.stage.start("deploy", "dev", "--json")
    place.name_terrace(actor.pid)
    done = actor.ended()
    assert place.obeyed, f"it never came to that: {done}"
    return done


def finish(place: Workplace) -> None:
    """Go on until what is on main is deployed. Nothing of this needs anybody's word."""
    resumed = place.stage.run("resume", "dev", "--json")
    assert resumed.code in (0, 1), resumed.out + resumed.err
    if not resumed.out or resumed.json["result"] != "succeeded":
        done = place.stage.run("deploy", "dev", "--json")
        assert done.json["result"] == "succeeded", resumed.out + done.out


# --- Terrace -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_terrace_dies_at_each_thing_that_it_does_and_all_is_made_once(places: Places, backend: str) -> None:
    place = places.at(backend)
    crossed = []
    for at in itertools.count(1, STRIDES[backend]):
        release = places.name()
        place.release(release)
        where, died = place.stage.run_until_killed("dev", at)
        if not died:
            assert where == "succeeded: []"
            break
        crossed.append(where)
        before = place.events()
        finish(place)
        assert place.made(release) == ONCE, where
        assert place.events()[: len(before)] == before, where
    every = {f"{when} {who}.{what}" for who in CROSSINGS for what in CROSSINGS[who] for when in WHEN}
    assert set(crossed) == every if STRIDES[backend] == 1 else set(crossed) < every


WHEN = ("before", "after")
OUTSIDE_APPLY = [Strike("terrace", "before", command) for command in ("plan", "show", "state")]
TERRACE = [*OUTSIDE_APPLY, Strike("terrace", "within"), Strike("terrace", "after")]


@pytest.mark.parametrize(
    ("backend", "strike"), spread(TERRACE, {"plan": "s3", "show": "http", "state": "pg", "terrace": "s3"}), ids=str
)
def test_terrace_dies_while_terraform_runs_and_all_is_made_once(places: Places, backend: str, strike: Strike) -> None:
    place, release = places.at(backend), places.name()
    place.release(release)
    assert killed(place, strike) is None
    before = place.events()
    finish(place)
    assert place.made(release) == ONCE
    assert place.events()[: len(before)] == before


# --- Terraform, while it only looks --------------------------------------------------------------------------------

LOOKS = [Strike("terraform", when, command) for command in ("plan", "show", "state") for when in ("before", "after")]


@pytest.mark.parametrize(("backend", "strike"), spread(LOOKS, {"plan": "pg", "show": "s3", "state": "http"}), ids=str)
def test_terraform_dies_while_it_only_looks_and_another_try_succeeds(
    places: Places, backend: str, strike: Strike
) -> None:
    place, release = places.at(backend), places.name()
    place.release(release)
    done = killed(place, strike)
    assert done is not None
    assert (done.code, done.json["result"]) == (1, "failed")
    assert "exited with -9" in done.json["reasons"][0]
    assert place.made(release) == {}
    finish(place)
    assert place.made(release) == ONCE


# --- an apply ------------------------------------------------------------------------------------------------------

APPLIES = [
    Strike(victim, moment)
    for victim in ("runner", "terraform", "all")
    for moment in ("before", "within", "after")
]  # fmt: skip


@pytest.mark.parametrize(
    ("backend", "strike"), spread(APPLIES, {"runner": "s3", "terraform": "http", "all": "pg"}), ids=str
)
def test_an_apply_that_died_is_unknown_and_never_run_again_before_somebody_looked(
    places: Places, backend: str, strike: Strike
) -> None:
    place, release = places.at(backend), places.name()
    place.release(release)
    told = killed(place, strike)
    if told is None:
        told = place.stage.run("resume", "dev", "--json")
    assert (told.code, told.json["result"]) == (1, "unknown"), told.out
    assert UNKNOWN in told.json["reasons"][0]
    before, made = place.events(), place.made(release)
    assert all(times == 1 for times in made.values())
    place.stage.run("resume", "dev")
    place.stage.run("tick")
    refused = place.stage.run("deploy", "dev", "--json")
    assert (refused.code, refused.json["result"]) == (1, "blocked")
    assert place.made(release) == made, "nobody looked yet, and it ran again"
    assert settle(place, release).json["result"] == "succeeded"
    assert place.made(release).keys() == ONCE.keys()
    assert all(times <= made[name] + 1 for name, times in place.made(release).items()), "one look, one more apply"
    assert place.events()[: len(before)] == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_person_may_also_let_go_by_hand_and_deploy_again(places: Places, backend: str) -> None:
    place, release = places.at(backend), places.name()
    place.release(release)
    killed(place, Strike("all", "within"))
    assert place.stage.run("resume", "dev", "--json").json["result"] == "unknown"
    settle_by_hand(place)
    assert place.stage.ok("deploy", "dev", "--json").json["result"] == "succeeded"
    assert all(times <= 2 for times in place.made(release).values())


def test_a_runner_that_dies_before_terraform_is_started_has_done_nothing(places: Places) -> None:
    place, release = places.at("local"), places.name()
    place.release(release)
    assert place.stage.run_until_killed("dev", "after applier.start") == ("after applier.start", True)
    for pid in runners(place):
        os.kill(pid, signal.SIGKILL)
    told = place.stage.run("resume", "dev", "--json")
    assert told.code == 1
    if told.json["result"] == "unknown":
        settle_by_hand(place)
    else:
        assert "nothing was applied" in told.json["reasons"][0]
        assert place.made(release) == {}
    finish(place)
    assert place.made(release) == ONCE


def runners(place: Workplace) -> list[int]:
    """The runners that live, found among all processes of this machine."""
    sign = str(place.folder / "home").encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"terrace.adapters.runner.child" in words and any(word.startswith(sign) for word in words):
            found.append(int(path.parent.name))
    return found
