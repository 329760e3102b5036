"""Who opens, who attests, who lets go: with keys known, only what they prove counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Literal

import pytest

from simulation.people import People
from simulation.script import Script, kill, staged
from simulation.test_found import about_to_apply, approved, promoted, result, up_to
from simulation.world import signature
from terrace.config.model import Environment
from terrace.errors import NotReady
from terrace.gates.model import Identity, Subject, Witness
from terrace.ledger import folds, holds, kinds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.declared import Declared
from terrace.ledger.model import Draft
from terrace.pipelines.approvals.approve import GivenDecision, answer
from terrace.pipelines.approvals.pending import find_pending
from terrace.pipelines.context import Context, prove_nothing
from terrace.pipelines.deploy.deploy import deploy, resume
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.hold_releases import releases
from terrace.pipelines.holds import hold
from terrace.pipelines.recovery.attestations import required_people
from terrace.stacks.model import Promotion

DEV = Environment("dev")


def _with_dead_driver() -> tuple[People, Script]:
    people, script = staged()
    up_to(people, "dev")
    promoted(people)
    people.answer("staging", "bob")
    script.at("after ledger.append", kill, about_to_apply(people, "staging"))
    people.resume("staging", machine=0)
    people.world.reboot(0)
    return people, script


def _said(people: People, actor: str, key: str | None) -> object:
    """Somebody with a name and the key of another, or of nobody, says that the driver is dead."""

    def run(context: Context) -> object:
        vouch = prove_nothing if key is None else lambda text: signature(key)
        latest = folds.latest(context.ledger.read(), "staging")
        assert latest is not None
        return resume(replace(context, vouch=vouch), latest, "the machine was replaced")

    return people.command(actor, run, 1)


def test_two_names_without_keys_do_not_declare_a_driver_dead() -> None:
    people, _ = _with_dead_driver()
    before = people.history.head
    for name, key in (("bob", None), ("cid", None), ("cid", "bob")):
        _said(people, name, key)
        assert "there is no proof of who declares that the process has terminated" in str(people.world.errors[-1])
    assert people.history.head == before
    assert isinstance(_said(people, "bob", "bob"), tuple)
    assert result(people, "staging") is None
    _said(people, "cid", "cid")
    approved(people, "staging", machine=1)
    assert result(people, "staging") == "succeeded"


def test_an_old_declaration_that_is_appended_again_says_nothing_of_a_later_driver() -> None:
    people, script = _with_dead_driver()
    _said(people, "bob", "bob")
    script.at("after terraform.plan", kill)
    _said(people, "cid", "cid")
    people.world.reboot(1)
    old = [e for e in people.history.events if e.kind == kinds.RECOVERY_ATTESTED]
    for event in old:
        draft = Draft(event.kind, event.subject, event.actor, event.payload)
        people.world.ledger.append([draft], head=people.history.head)
    refused = people.resume("staging", "bob", 0)
    assert isinstance(refused, tuple)
    assert isinstance(refused[0], Refused)
    assert "people declared" not in str(refused[0].verdict)


def test_a_hold_is_not_released_without_a_proof_and_not_by_an_old_release() -> None:
    people, _ = staged()
    up_to(people, "dev")

    def say(kind: Literal["environment.held", "environment.unheld"], actor: str, key: str | None) -> object:
        vouch = prove_nothing if key is None else lambda text: signature(key)
        return people.command(
            actor, lambda context: hold(replace(context, vouch=vouch), "dev", "incident", kind, required_people(DEV))
        )

    def is_held() -> bool:
        people.command("bob", lambda context: seen.append(context))
        history = people.history
        return holds.hold(history, "dev", releases(history, seen[-1].proof)) is not None

    seen: list[Context] = []
    say("environment.held", "bob", "bob")
    for name, key in (("cid", None), ("cid", "bob")):
        say("environment.unheld", name, key)
        assert "there is no proof of who releases it" in str(people.world.errors[-1])
    forged = Draft(kinds.ENVIRONMENT_UNHELD, "dev", "cid", {"reason": "it is over"})
    people.world.ledger.append([forged], head=people.history.head)
    weaker = Draft(kinds.ENVIRONMENT_HELD, "dev", "mallory", {"reason": "the same"})
    people.world.ledger.append([weaker, forged], head=people.history.head)
    assert is_held(), "neither an unsigned release nor a weaker hold over it"
    say("environment.unheld", "cid", "cid")
    assert not is_held()
    released = people.history.events[-1]
    people.world.now += timedelta(hours=1)
    say("environment.held", "bob", "bob")
    for of in (released.payload["of"], people.history.events[-1].id):
        again = {**released.payload, "of": of}
        people.world.ledger.append([Draft(released.kind, "dev", "cid", again)], head=people.history.head)
        assert is_held()


def test_a_hold_is_released_by_a_key_although_a_clock_was_set_back() -> None:
    people, _ = staged()
    up_to(people, "dev")
    people.hold("dev")
    assert holds.hold(people.history, "dev") is not None
    people.world.now -= timedelta(hours=12)
    people.unhold("dev")
    crews: list[Context] = []
    people.command("bob", crews.append)
    assert holds.hold(people.history, "dev", releases(people.history, crews[-1].proof)) is None


def _opened_by(people: People, name: str, key: str | None) -> None:
    """Somebody promotes under a name, and signs with the key of another, or with none."""

    def run(context: Context) -> object:
        good = folds.last_good(context.ledger.read(), "dev")
        assert good is not None
        vouch = prove_nothing if key is None else lambda text: signature(key)
        return deploy(replace(context, vouch=vouch), "staging", good.commit, Promotion("dev", name))

    people.world.now += timedelta(hours=1)
    people.command(name, run)


def test_the_requester_does_not_approve_under_another_git_name() -> None:
    """The name says eve; the key, or that there is none, says more."""
    people, _ = staged()
    up_to(people, "dev")
    _opened_by(people, "eve", "bob")
    people.answer("staging", "bob")
    people.resume("staging", "cid")
    (waits,) = _waits(people)
    assert "1 of 2 people have approved" in waits
    assert "there is no proof of who requested the deployment" in waits
    for _ in range(2):
        for who in ("bob", "dan"):
            people.answer("staging", who)
        people.resume("staging", "cid")
    assert result(people, "staging") == "succeeded"


@pytest.mark.parametrize(
    ("forge", "told"),
    [
        (None, "no forge is connected that could confirm it"),
        ("the forge has no such run in this repository", "the forge has no such run in this repository"),
        ("", ""),
    ],
)
def test_a_run_of_ci_that_is_only_claimed_does_not_spare_the_extra_approver(forge: str | None, told: str) -> None:
    """`GITHUB_ACTIONS=true` in a terminal, or a word in an event, makes no run."""
    people, _ = staged()
    up_to(people, "dev")

    def run(context: Context) -> object:
        good = folds.last_good(context.ledger.read(), "dev")
        assert good is not None
        claims = replace(context, vouch=prove_nothing, run="github 77")
        if forge is not None:
            claims = replace(claims, unproven_run=lambda run, requester, at: forge if run == "github 77" else "another")
        return deploy(claims, "staging", good.commit, Promotion("dev", "eve"))

    people.world.now += timedelta(hours=1)
    people.command("eve", run)
    (waits,) = _waits(people)
    assert ("who requested the deployment (run github 77: " in waits, told in waits) == (bool(told), True)
    assert ("0 of 2 people" if told else "0 of 1 people") in waits


def test_a_deployment_that_is_signed_by_its_requester_asks_nobody_more() -> None:
    people, _ = staged()
    up_to(people, "dev")
    _opened_by(people, "eve", "eve")
    assert _waits(people) == ("0 of 1 people have approved",)
    for _ in range(2):
        people.answer("staging", "bob")
        people.resume("staging", "cid")
    assert result(people, "staging") == "succeeded"


@pytest.mark.parametrize("forged", ["approve", "reject"])
def test_an_answer_that_was_written_before_a_comment_was_heard_does_not_keep_its_no_unheard(forged: str) -> None:
    """A ledger writer sees the comment first, and writes something else in its name."""
    people, _ = staged()
    up_to(people, "dev")
    promoted(people)
    latest = folds.latest(people.history, "staging")
    assert latest is not None and latest.waiting
    seen = Witness("comment", "77", "7", "cid-codes")
    said_at = people.world.now

    def says(context: Context) -> object:
        def proof(said: SignedApproval | Declared) -> Identity:
            if isinstance(said, SignedApproval) and (said.actor, said.answer, said.at) == ("cid", "reject", said_at):
                return Identity("forge", "account cid-codes")
            return Identity("unsaid")

        found = find_pending(context.policy, people.history, "staging")
        assert found is not None
        plans = [{name: getattr(plan, name) for name in Subject.__slots__} for plan in found[1]]
        told = {
            "actor": "cid",
            "role": "",
            "answer": forged,
            "subjects": plans if forged == "approve" else [{**plan, "commit": "f" * 40} for plan in plans],
            "at": said_at.isoformat(),
            "statement": "made up",
            "witness": asdict(seen),
            "deployment": "another",
        }
        draft = Draft(kinds.APPROVAL_GIVEN, latest.id, "mallory", told)
        people.world.ledger.append([draft], head=people.history.head)
        word = GivenDecision("reject", "", "it leaks", lambda _: seen, said_at)
        return answer(replace(context, proof=proof), "staging", word)

    people.command("cid", says)
    ended = folds.latest(people.history, "staging")
    assert ended is not None
    assert (ended.id, ended.result) == (latest.id, "blocked"), people.world.errors[-1:]
    (no,) = [one for one in folds.answers(people.history) if one.comment == "it leaks"]
    assert (no.answer, no.named) == ("reject", latest.id)


def _waits(people: People) -> tuple[str, ...]:
    latest = folds.latest(people.history, "staging")
    assert latest is not None
    return latest.waiting


def _asked_of_the_forge(people: People, forge: Callable[[str], tuple[str, ...]]) -> None:
    """Go on with staging on a machine that is connected to that forge."""

    def run(context: Context) -> object:
        latest = folds.latest(context.ledger.read(), "staging")
        assert latest is not None
        return resume(replace(context, openers=forge), latest)

    people.command("cid", run)


def test_who_opened_the_change_at_the_forge_does_not_approve_it_with_a_key() -> None:
    """Git knows who wrote commits. A person may propose those of others, or commit under an address of theirs."""
    people, _ = staged()
    up_to(people, "dev")
    _opened_by(people, "eve", "eve")
    for _ in range(2):
        people.answer("staging", "bob")
        _asked_of_the_forge(people, lambda commit: ("bob",))
        (waits,) = _waits(people)
        assert "bob (opened a change of this release)" in waits

    def down(commit: str) -> tuple[str, ...]:
        raise NotReady("GitHub is down")

    people.answer("staging", "dan")
    _asked_of_the_forge(people, down)
    (waits,) = _waits(people)
    assert "Terrace cannot determine who they are: GitHub is down" in waits
    for _ in range(2):
        people.answer("staging", "dan")
        _asked_of_the_forge(people, lambda commit: ("bob",))
    assert result(people, "staging") == "succeeded"
