"""A ledger writer copies, reorders and re-appends what people signed: it never makes a quorum that they do not make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from support.requests import before_apply
from terrace.config.model import ApprovalRule, Config, Environment
from terrace.gates.approvals.declaration import Declaration, read_declaration
from terrace.gates.approvals.gate import question
from terrace.gates.approvals.statement import Statement, read_statement, statement_bytes
from terrace.gates.facts import Facts
from terrace.gates.model import Identity, Outcome, Subject
from terrace.ledger import folds, kinds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import seal_all
from terrace.ledger.declared import Declared, declaration_record
from terrace.ledger.events.people import RejectionWithdrawn
from terrace.ledger.model import GENESIS, Draft, History, draft
from terrace.pipelines.approvals.decisions import decisions_about
from terrace.stacks.model import Manual

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEYS = {"ann": "key 1", "ann@corp": "key 1", "bob": "key 2", "cid": "key 3"}
DEPLOYMENTS = ("d1", "d2", "d3")
PROD = Environment("prod", approvals=ApprovalRule(count=2))
CONFIG = Config(teams={"owners": ("ann", "bob", "cid")})
EXAMPLES = 150
"""A yes between a no and its withdrawal is rare among what people do: a hundred examples may miss it."""

SUBJECT = Subject("l", "prod", "prod/app", "c" * 40, "digest", "rules", "lineage")


@dataclass(frozen=True)
class Act:
    """What one person does. `old` answers are of the form that names no deployment."""

    person: str
    does: Literal["approve", "reject", "withdraw"]
    deployment: str
    old: bool = False


def _alone(person: str, does: Literal["approve", "reject", "withdraw"], deployment: str, old: bool) -> list[Act]:
    return [Act(person, does, deployment, old)]


def _second_thoughts(person: str, deployment: str, order: list[Literal["approve", "reject", "withdraw"]]) -> list[Act]:
    return [Act(person, does, deployment) for does in order]


someone, somewhere = st.sampled_from(list(KEYS)), st.sampled_from(DEPLOYMENTS)
one_act: st.SearchStrategy[list[Act]] = st.builds(
    _alone,
    someone,
    st.sampled_from(["approve", "approve", "approve", "reject", "withdraw"]),
    somewhere,
    st.sampled_from([False, False, False, True]),
)
# A no, a yes and a withdrawal of one person, in any order: single acts rarely come together like that.
more_acts: st.SearchStrategy[list[Act]] = st.builds(
    _second_thoughts, someone, somewhere, st.permutations(["approve", "reject", "withdraw"])
)
acts = st.lists(st.one_of(one_act, one_act, more_acts), max_size=6).map(lambda parts: [act for p in parts for act in p])


def genuine(done: Sequence[Act]) -> list[Draft]:
    """The events that people write, one minute after the other; whoever withdraws takes back every no of their own."""
    drafts: list[Draft] = []
    noes: list[tuple[str, str]] = []
    for number, act in enumerate(done):
        at = NOON + timedelta(minutes=number)
        if act.does == "withdraw":
            drafts += [_withdrawal(act.person, of, at) for who, of in noes if KEYS[who] == KEYS[act.person]]
            continue
        drafts.append(_answer(act, at))
        if act.does == "reject":
            noes.append((act.person, folds.answers(sealed(drafts[-1:]))[0].id))
    return drafts


def _answer(act: Act, at: datetime) -> Draft:
    named = "" if act.old else act.deployment
    answer: Literal["approve", "reject"] = "approve" if act.does == "approve" else "reject"
    said = Statement(act.person, "", answer, (SUBJECT,), at, "", named)
    payload: dict[str, Any] = {
        "actor": act.person,
        "role": "",
        "answer": answer,
        "subjects": [{name: getattr(SUBJECT, name) for name in Subject.__slots__}],
        "at": at.isoformat(),
        "comment": "",
        "statement": statement_bytes(said).decode(),
        "signature": KEYS[act.person],
        **({} if act.old else {"deployment": named}),
    }
    return Draft(kinds.APPROVAL_GIVEN, act.deployment, act.person, payload)


def _withdrawal(person: str, of: str, at: datetime) -> Draft:
    said = Declaration("withdraw", "e0", "prod", of, "", person, at, "settled")
    return draft(RejectionWithdrawn(of, "settled", declaration_record(said, KEYS[person])), "prod", person)


OPENED = [
    Draft(
        kinds.DEPLOYMENT_OPENED,
        deployment,
        "rita",
        {
            "environment": "prod",
            "commit": "c" * 40,
            "origin": {"kind": "manual", "by": "rita"},
            "waves": [["prod/app"]],
            "policy": "rules",
        },
    )
    for deployment in DEPLOYMENTS
]


def sealed(answers: Sequence[Draft]) -> History:
    drafts = [*OPENED, *answers]
    ids = [f"e{number}" for number, _ in enumerate(drafts)]
    return History(seal_all(drafts, events=0, head=GENESIS, ids=ids, time=NOON, key=NO_KEY), key=NO_KEY)


def proof(texts: Mapping[str, str], said: SignedApproval | Declared) -> Identity:
    """What a signature proves: only texts that somebody signed, and only for what they say."""
    if texts.get(said.statement) != said.signature or said.signature is None:
        return Identity("invalid")
    if isinstance(said, Declared):
        same = read_declaration(said.statement) == said.declaration
    else:
        told = Statement(said.actor, said.role, _of(said), said.subjects, said.at, said.comment, said.named)
        same = read_statement(said.statement) == told
    return Identity("ssh", said.signature) if same else Identity("invalid")


def _of(said: SignedApproval) -> Literal["approve", "reject"]:
    return "approve" if said.answer == "approve" else "reject"


def passes(drafts: Sequence[Draft], texts: Mapping[str, str], deployment: str) -> bool:
    facts = Facts("c" * 40, (), "rita", "main", True, None, None, None, Manual("rita"), deployment=deployment)
    asked = question(PROD, facts, (SUBJECT,))
    said = decisions_about(sealed(drafts), asked, deployment, lambda one: proof(texts, one))
    now = NOON + timedelta(hours=1)
    verdict = before_apply(CONFIG, PROD, (SUBJECT,), said.decisions, facts, now, withdrawals=said.withdrawn)
    return verdict.outcome is Outcome.PASS


def enough(done: Sequence[Act], deployment: str) -> bool:
    """The rule in plain words: every no is withdrawn, and two keys said yes to this deployment after their last no and
    after its withdrawal."""
    last: dict[str, Act] = {}
    for act in done:
        key = KEYS[act.person]
        before = last.get(key)
        if act.does == "reject" or (act.does == "withdraw" and before is not None and before.does == "reject"):
            last[key] = act
        free = before is None or before.does != "reject"
        if free and act.does == "approve" and act.deployment == deployment and not act.old:
            last[key] = act
    if any(act.does == "reject" for act in last.values()):
        return False
    return sum(act.does == "approve" for act in last.values()) >= 2


def _texts(drafts: Sequence[Draft]) -> dict[str, str]:
    found = {}
    for one in drafts:
        told = one.payload.get("declaration", one.payload)
        found[told["statement"]] = told["signature"]
    return found


@settings(max_examples=EXAMPLES)
@given(acts, st.sampled_from(DEPLOYMENTS))
def test_the_last_answers_of_people_decide(done: list[Act], deployment: str) -> None:
    drafts = genuine(done)
    assert passes(drafts, _texts(drafts), deployment) is enough(done, deployment)


@settings(max_examples=EXAMPLES)
@given(acts, st.sampled_from(DEPLOYMENTS), st.data())
def test_copies_and_reorderings_of_signed_answers_never_make_a_quorum(
    done: list[Act], deployment: str, data: st.DataObject
) -> None:
    drafts = genuine(done)
    texts = _texts(drafts)
    order = data.draw(st.permutations(drafts))
    forged = list(order)
    for one in data.draw(st.lists(st.sampled_from(drafts), max_size=6)) if drafts else []:
        to = data.draw(st.sampled_from((*DEPLOYMENTS, one.subject)))
        named = data.draw(st.sampled_from(({}, {"deployment": to}, {"actor": "cid"}, {"answer": "approve"})))
        copy = replace(one, subject=to, payload={**one.payload, **named})
        forged.insert(data.draw(st.integers(0, len(forged))), copy)
    assert not passes(forged, texts, deployment) or enough(done, deployment)


def test_a_ledger_writer_appends_an_old_approval_to_a_later_deployment() -> None:
    """ann and bob approve d1, ann says no, d1 ends; the old events are appended again for d2."""
    done = [Act("ann", "approve", "d1"), Act("bob", "approve", "d1"), Act("ann", "reject", "d1")]
    drafts = genuine(done)
    copies = [replace(d, subject="d2", payload={**d.payload, "deployment": "d2"}) for d in drafts[:2]]
    assert not passes([*drafts, *copies], _texts(drafts), "d2")
    withdrawn = genuine([*done, Act("ann", "withdraw", "d1")])
    assert not passes([*withdrawn, *copies], _texts(withdrawn), "d2")
    assert not passes([*withdrawn, *drafts[:2]], _texts(withdrawn), "d1")
