"""What people, machines and time do: each is one step of a history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from simulation.choices import Choices
from simulation.cloud import Thing
from simulation.process import Mischief
from simulation.site import KEYS, STACKS, Wanted, thing
from simulation.terraform import finish
from simulation.world import World, signature
from terrace.ledger import folds, kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.pipelines.approvals.approve import Answer, GivenDecision, answer
from terrace.pipelines.approvals.withdraw import withdraw
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.deploy import deploy, resume
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.holds import hold
from terrace.pipelines.recovery.attestations import required_people
from terrace.pipelines.recovery.recover import examine, recover
from terrace.pipelines.recovery.settlement import settle
from terrace.pipelines.rollback.destroy import destroy
from terrace.pipelines.rollback.rollback import react, rollback
from terrace.pipelines.tick import find_due
from terrace.rollout.recovery import Statements
from terrace.stacks.model import Manual, Promotion

APPROVERS = ("bob", "cid", "dan")
EVERYBODY = (*APPROVERS, "ann", "eve")
ENVIRONMENTS = tuple(STACKS)
MORE = "terraform_data.more"
DATA = "aws_s3_bucket.data"
JUMPS = tuple(timedelta(minutes=m) for m in (1, 3, 11, 60, 11, 3, 9 * 60, 30 * 60, -1, -20, -6 * 60))


class People:
    """Everybody, in one world. `story` tells what they did, for whoever looks at a counterexample."""

    def __init__(self, choices: Choices, mischief: Mischief | None = None) -> None:
        self.choices = choices
        self.world = World(choices, mischief)
        self.story: list[str] = []

    @property
    def history(self) -> History:
        """What the ledger says, whoever can reach it."""
        return History(self.world.ledger.events, key=NO_KEY)

    def command(self, actor: str, run: Callable[[Context], object], machine: int | None = None) -> object:
        """Somebody gives a command, here or there; how it ends is reacted to as the command line does."""

        def whole(context: Context) -> object:
            done = run(context)
            return (done, react(context, done)) if isinstance(done, Deployment | Refused) else done

        before = len(self.world.errors)
        where = self.choices.number(2) if machine is None else machine
        done = self.world.run(actor, whole, where)
        errors = "".join(f" ({error})" for error in self.world.errors[before:])
        self.story.append(f"    {actor} on {where}: {_words(done)}{errors}")
        return done

    # --- commands ----------------------------------------------------------------------------------------------------

    def deploy(self, environment: str, commit: str = "", who: str = "bob", machine: int | None = None) -> object:
        """Somebody deploys a commit, or the tip."""
        wanted = commit or self.world.branch.tip.id
        return self.command(who, lambda context: deploy(context, environment, wanted, Manual(who)), machine)

    def promote(self, environment: str, who: str = "bob", machine: int | None = None) -> object:
        """Somebody promotes what is good in the environment before."""

        def run(context: Context) -> object:
            source = context.config.environment(environment).after or ""
            good = folds.last_good(context.ledger.read(), source)
            return deploy(context, environment, good.commit, Promotion(source, who)) if good else None

        return self.command(who, run, machine)

    def answer(self, environment: str, who: str, said: Answer = "approve", role: str = "") -> object:
        """Somebody answers what waits."""
        return self.command(
            who,
            lambda context: answer(context, environment, GivenDecision(said, role, "", lambda text: signature(who))),
        )

    def withdraw(self, environment: str, who: str) -> object:
        """Somebody takes back the noes that they said."""
        return self.command(who, lambda context: withdraw(context, environment, "it is settled"))

    def resume(self, environment: str, who: str = "bob", machine: int | None = None, dead: str = "") -> object:
        """Somebody goes on with what is open, and may declare its driver dead."""

        def run(context: Context) -> object:
            latest = folds.latest(context.ledger.read(), environment)
            return resume(context, latest, dead) if latest is not None and latest.open else None

        return self.command(who, run, machine)

    def rollback(
        self, environment: str, who: str = "bob", agreed: frozenset[str] = frozenset(), machine: int | None = None
    ) -> object:
        """Somebody takes an environment back."""
        return self.command(
            who, lambda context: rollback(context, environment, to=None, reason="it is sick", agreed=agreed), machine
        )

    def destroy(self, environment: str, who: str = "bob", machine: int | None = None) -> object:
        """Somebody takes an environment down."""
        return self.command(who, lambda context: destroy(context, environment, None, "not needed"), machine)

    def tick(self, machine: int | None = None) -> object:
        """The scheduler's minute."""

        def run(context: Context) -> object:
            found: list[object] = []
            for action in find_due(context):
                done = action.run(context)
                found += [done, react(context, done) if isinstance(done, Deployment) else None]
            return found

        return self.command("bot", run, machine)

    def recover(self, environment: str, who: str = "bob", machine: int | None = None) -> object:
        """Somebody looks into the cloud, tells what is there, and has an unknown outcome brought in order."""

        def run(context: Context) -> object:
            settings = context.config.environment(environment)
            deployment = folds.find_unsettled(context.ledger.read(), environment, required_people(settings))
            if deployment is None:
                return None
            found = examine(context, deployment, self._told(environment))
            return found.obstacles if found.obstacles else recover(context, found)

        return self.command(who, run, machine)

    def hold(self, environment: str, who: str = "bob") -> None:
        """Somebody holds an environment."""
        if self._say(environment, who, held=True):
            self.world.holds.add(environment)

    def unhold(self, environment: str, who: str = "bob") -> None:
        """Somebody lets an environment go. If nobody knew what an apply did, they put that in order by hand first."""
        if self.unsettled(environment) is not None:
            self.put_in_order_by_hand(environment)
            for someone in ("bob", "cid", "bob"):
                self.command(someone, lambda context: self._settle(context, environment))
        if self._say(environment, who, held=False):
            self.world.holds.discard(environment)

    def unsettled(self, environment: str) -> Deployment | None:
        """What nobody knows the outcome of there."""
        settings = self.world.branch.tip.config.environment(environment)
        return folds.find_unsettled(self.history, environment, required_people(settings))

    def _settle(self, context: Context, environment: str) -> object:
        settings = context.config.environment(environment)
        deployment = folds.find_unsettled(context.ledger.read(), environment, required_people(settings))
        if deployment is None:
            return None
        stacks = tuple(record.stack for record in deployment.in_doubt)
        return settle(context, deployment, stacks, "put in order by hand", "its machine is gone")

    def _say(self, environment: str, who: str, *, held: bool) -> bool:
        kind: Literal["environment.held", "environment.unheld"]
        kind = kinds.ENVIRONMENT_HELD if held else kinds.ENVIRONMENT_UNHELD

        def run(context: Context) -> object:
            people = required_people(context.config.environment(environment))
            return hold(context, environment, "said so", kind, people)

        before = len(self.world.ledger.events)
        self.command(who, run)
        fresh = self.world.ledger.events[before:]
        return any(e.kind == kind and e.actor == who and e.payload.get("reason") == "said so" for e in fresh)

    # --- the world ---------------------------------------------------------------------------------------------------

    def merge(self, author: str, people: int = 1, **wanted: Wanted) -> str:
        """Somebody merges something; `wanted` by stack, with `__` for `/`."""
        return self.world.merge({key.replace("__", "/"): one for key, one in wanted.items()}, author, people)

    def tamper(self, key: str) -> None:
        """Somebody changes what is there, at the console."""
        estate = self.world.cloud.estates[key]
        for address, one in list(estate.things.items())[:1]:
            estate.things[address] = Thing(one.id, f"{one.value} by hand", self.world.now)
            estate.tampered = True
            self.world.cloud.touched += 1

    def let_runs_end(self) -> None:
        """Time enough for every apply."""
        for run in self.world.shared.runs.values():
            finish(self.world.shared, run)

    def put_in_order_by_hand(self, environment: str) -> None:
        """Somebody sees to it that the states of an environment have all that is there, and that no lock stays."""
        for run in self.world.shared.runs.values():
            if run.plan.stack.startswith(f"{environment}/"):
                finish(self.world.shared, run)
        for key, estate in self.world.cloud.estates.items():
            if key.startswith(f"{environment}/"):
                estate.known = dict(estate.things)
                estate.lock = None
                if estate.things or estate.lineage:
                    estate.lineage = estate.lineage or f"lineage by hand of {key}"
                    estate.serial += 1

    def _told(self, environment: str) -> Statements:
        """What somebody who looks into the cloud can say."""
        estates = [e for key, e in self.world.cloud.estates.items() if key.startswith(f"{environment}/")]
        named = {a: one.id for estate in estates for a, one in estate.things.items() if a not in estate.known}
        there = {a for estate in estates for a in (*estate.things, *estate.known)}
        every = {f"{one}_{key.replace('/', '_')}" for one in (MORE, DATA) for key in KEYS} | {*map(thing, KEYS)}
        return Statements(
            named, every - there, there, again={f"{key}:{a}" for key in KEYS for a in every}, dead="its machine is gone"
        )


def _words(done: object) -> str:
    if isinstance(done, Deployment):
        why = [*done.reasons, *done.waiting]
        return f"{done.environment} {done.id} of {done.commit[:7]} {done.result or 'open'} {why}"
    if isinstance(done, Refused):
        return f"refused {[r.reason for r in done.verdict.open]}"
    if isinstance(done, tuple | list):
        return f"[{'; '.join(_words(one) for one in done)}]"
    return "" if isinstance(done, History) else str(done)[:300]
