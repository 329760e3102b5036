"""Plays histories: people, machines and bad luck, by chance; and then everybody does their part until it is quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from simulation import laws
from simulation.choices import Choices
from simulation.people import APPROVERS, DATA, ENVIRONMENTS, EVERYBODY, JUMPS, MORE, People
from simulation.process import Calm, Process
from simulation.site import KEYS, Wanted, thing
from simulation.terraform import finish
from terrace.errors import Interrupted, NotReady
from terrace.ledger import folds, kinds
from terrace.ledger.holds import hold
from terrace.ledger.model import Draft

ROUNDS = 8
"""How often everybody does their part in the end before a history counts as stuck."""

Act = Callable[[People], object]


class Chance:
    """Bad luck by choice. While somebody waits for the ledger or Terraform, somebody else may act."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._deep = 0

    def before(self, process: Process, what: str) -> None:
        """Mostly nothing."""
        luck = self._people.choices.number(256)
        if luck >= 254:
            process.kill()
        if luck >= 252:
            raise NotReady(f"{what}: out of reach")
        if luck >= 249 and self._deep == 0 and what in ("ledger.append", "terraform.plan", "applier.start"):
            self._deep += 1
            act(self._people, CONCURRENT, "meanwhile: ")
            self._deep -= 1
        elif luck == 248 and what == "terraform.plan":
            raise Interrupted("somebody pressed ^C")

    def after(self, process: Process, what: str) -> None:
        """Mostly nothing."""
        luck = self._people.choices.number(256)
        if luck >= 254:
            process.kill()
        if luck >= 252 and what == "ledger.append":
            raise NotReady("the answer got lost")


class Played:
    """A history that was played. `broken` are the laws that did not hold; the first of them ended it."""

    def __init__(self, given: bytes) -> None:
        choices = Choices(given)
        self.people = People(choices)
        self.people.world.mischief = Chance(self.people)
        self.broken = self._play(choices)

    @property
    def story(self) -> str:
        """What happened, for whoever looks at a counterexample."""
        return "\n".join([*self.people.story, *(f"BROKEN: {law}" for law in self.broken)])

    def _play(self, choices: Choices) -> list[str]:
        world = self.people.world
        seen = (0, 0, 0)
        while not choices.used_up:
            act(self.people, ACTIONS)
            now = (len(world.applied), len(world.ledger.events), world.cloud.touched)
            # Where nothing moved nothing can break.
            found = laws.broken(world, seen[0]) if now != seen else []
            seen = now
            if found:
                return found
        peace(self.people)
        return [*laws.broken(world, seen[0]), *laws.unfinished(world)]


def act(people: People, actions: tuple[Act, ...], when: str = "") -> None:
    """Something happens."""
    action = people.choices.one_of(actions)
    people.story.append(f"{when}{people.world.now:%d %H:%M:%S} {action.__name__.strip('_')}")
    action(people)


def peace(people: People) -> None:
    """Everybody does their part, and nothing goes wrong any more."""
    people.story.append("peace")
    people.world.mischief = Calm()
    # The clock is set right: by one that is behind the ledger nothing goes on.
    people.world.now = max([people.world.now, *(event.time for event in people.history.events)])
    for number in range(ROUNDS):
        if number == ROUNDS // 2:
            # A commit that can never be applied keeps its recovery from ever succeeding.
            for environment in ENVIRONMENTS:
                people.unhold(environment)
        people.world.now += timedelta(hours=1)
        people.let_runs_end()
        for environment in ENVIRONMENTS:
            for machine in (0, 1):
                _settle(people, environment, machine)
        if all(_quiet(people, environment) for environment in ENVIRONMENTS):
            return


def _quiet(people: People, environment: str) -> bool:
    latest = folds.latest(people.history, environment)
    return (latest is None or not latest.open) and not _unsettled(people, environment)


def _unsettled(people: People, environment: str) -> bool:
    """Whether nobody knows what an apply did, and not enough people answered for it."""
    return people.unsettled(environment) is not None


def _settle(people: People, environment: str, machine: int) -> None:
    if _unsettled(people, environment):
        for who in ("bob", "cid"):
            people.recover(environment, who, machine)
    latest = folds.latest(people.history, environment)
    if latest is not None and latest.open:
        if hold(people.history, environment) is not None:
            people.unhold(environment)
        for who in APPROVERS:
            people.answer(environment, who)
        for who in ("bob", "cid"):
            people.resume(environment, who, machine, "its machine is gone")


# --- what may happen -------------------------------------------------------------------------------------------------


def _anyone(people: People) -> str:
    return people.choices.one_of(EVERYBODY)


def _anywhere(people: People) -> str:
    return people.choices.one_of(ENVIRONMENTS)


def tick(people: People) -> None:
    people.tick()


def deploys(people: People) -> None:
    commits = people.world.branch.commits
    back = people.choices.one_of((0, 0, 0, 1, 2))
    people.deploy(_anywhere(people), commits[max(0, len(commits) - 1 - back)].id, _anyone(people))


def promotes(people: People) -> None:
    people.promote(people.choices.one_of(("staging", "prod")), _anyone(people))


def approves(people: People) -> None:
    for environment in _open(people):
        people.answer(environment, _anyone(people), "approve", people.choices.one_of(("", "", "lead", "security")))


def everybody_approves(people: People) -> None:
    for environment in _open(people):
        for who in APPROVERS:
            people.answer(environment, who)
        people.resume(environment, _anyone(people))


def rejects(people: People) -> None:
    for environment in _open(people)[:1]:
        people.answer(environment, _anyone(people), "reject")


def withdraws(people: People) -> None:
    """Somebody who said no takes it back."""
    noes = [e for e in people.history.events if e.kind == kinds.APPROVAL_GIVEN and e.payload["answer"] == "reject"]
    if noes:
        last = noes[-1].payload
        people.withdraw(last["subjects"][0]["environment"], last["actor"])


def forges(people: People) -> None:
    """Somebody who reaches the ledger repeats an approval in another's name."""
    given = [e for e in people.history.events if e.kind == kinds.APPROVAL_GIVEN]
    if given:
        said = {**given[-1].payload, "actor": _anyone(people)}
        draft = Draft(kinds.APPROVAL_GIVEN, given[-1].subject, "mallory", said)
        people.world.ledger.append([draft], head=people.history.head)


def resumes(people: People) -> None:
    for environment in _open(people):
        people.resume(environment, _anyone(people))


def goes_back(people: People) -> None:
    agreed = frozenset(f"{key}:{DATA}_{key.replace('/', '_')}" for key in KEYS if people.choices.rarely(128))
    people.rollback(_anywhere(people), _anyone(people), agreed)


def holds(people: People) -> None:
    people.hold(_anywhere(people), _anyone(people))


def lets_go(people: People) -> None:
    held = [e for e in ENVIRONMENTS if hold(people.history, e) is not None]
    if held:
        people.unhold(people.choices.one_of(held), _anyone(people))


def recovers(people: People) -> None:
    for environment in ENVIRONMENTS:
        if _unsettled(people, environment):
            people.recover(environment, _anyone(people))


def takes_down(people: People) -> None:
    if people.choices.rarely(64):
        people.destroy(_anywhere(people), _anyone(people))


def merges(people: People) -> None:
    """A release: good, or ill somewhere in one way or other."""
    choices, number = people.choices, len(people.world.branch.commits)
    ill = choices.one_of(KEYS) if choices.rarely(100) else ""
    changed = {}
    for key in KEYS:
        how = choices.one_of(("plan", "apply", "sick", "late")) if key == ill else ""
        things = {thing(key): f"v{number}{how if how in ('sick', 'late') else ''}"}
        things |= {f"{MORE}_{key.replace('/', '_')}": f"v{number}"} if choices.rarely(80) else {}
        things |= {f"{DATA}_{key.replace('/', '_')}": f"v{number}"} if choices.rarely(40) else {}
        if not choices.rarely(40):
            changed[key] = Wanted(things, how if how in ("plan", "apply") else "")
    people.world.merge(changed, choices.one_of(("ann", "eve", "bob")), choices.one_of((1, 1, 1, 2)))


def climbs(people: People) -> None:
    """A release goes up the whole ladder, if nothing comes in between."""
    merges(people)
    people.tick()
    for environment in ("staging", "prod"):
        people.world.now += timedelta(minutes=11)
        people.promote(environment, "eve")
        everybody_approves(people)
        for _ in range(5):
            people.world.now += timedelta(minutes=3)
            people.tick()


def merges_a_revert(people: People) -> None:
    """Somebody merges what a rollback prepared."""
    reverts = list(people.world.branch.reverts.values())
    if reverts:
        good = people.world.branch.commit(reverts[-1][1])
        people.world.merge({key: good.wanted(key) for key in KEYS}, "ann")


def time_passes(people: People) -> None:
    if people.choices.rarely(128):
        for run in people.world.shared.runs.values():
            finish(people.world.shared, run)
    people.world.now += people.choices.one_of(JUMPS)


def tampers(people: People) -> None:
    people.tamper(people.choices.one_of(KEYS))


def reboots(people: People) -> None:
    people.world.reboot(people.choices.number(2))


def _open(people: People) -> list[str]:
    """The environments in which something is open."""
    return [e for e in ENVIRONMENTS if (d := folds.latest(people.history, e)) is not None and d.open]


ACTIONS: tuple[Act, ...] = (
    tick, tick, tick, time_passes, time_passes, time_passes, merges, climbs, climbs, promotes, promotes, deploys,
    everybody_approves, everybody_approves, everybody_approves, approves, resumes, resumes, goes_back, goes_back,
    recovers, recovers, holds, lets_go, lets_go, rejects, withdraws, forges, merges_a_revert, tampers, takes_down,
    reboots,
)  # fmt: skip
"""What happens at the top of a history. The first is the calmest; what stands there twice is twice as likely."""

CONCURRENT: tuple[Act, ...] = (
    tick, approves, everybody_approves, rejects, withdraws, resumes, holds, lets_go, promotes, deploys, goes_back,
    merges, recovers, tick,
)  # fmt: skip
"""What may happen while another process is in the middle of something."""
