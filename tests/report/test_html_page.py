"""The HTML page of a check: its content, its size, and that text from outside has no effect."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given

from support.check_outcomes import call, outcome_with_findings, outcomes, rich_outcome, texts
from support.plans import change, plan_of
from terrace.assess.model import Assessment
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.steps import Detail
from terrace.plans.kept_plans import PlannedChanges
from terrace.plans.model import MASKED, UNKNOWN, Action
from terrace.report.check_outcome import CheckOutcome
from terrace.report.html.check import LISTED, ROWS, check_page
from terrace.report.html.deployment import deployment_page
from terrace.report.html.graph import MOST, TALLEST, impact_graph
from terrace.report.html.style import STYLE
from terrace.stacks.graph import Folder, Graph
from terrace.stacks.model import ChangeSet, Impact, Manual, Reason, Stack

VOID = {"meta", "input", "br"}
OPTIONAL = {"li", "th", "td", "tr"}
KNOWN = frozenset(
    "a b body br code details div figcaption figure g h1 h2 h3 h5 head header html input label li main meta nav ol "  # noqa: SIM905
    "p path pre rect section small span style summary svg table tbody td text th thead title tr ul".split()
)
ATTRIBUTES = frozenset(
    "aria-hidden aria-labelledby charset checked class colspan content d for height href http-equiv id lang name open "  # noqa: SIM905
    "preserveaspectratio role rx scope title type viewbox width x y".split()
)


class Reader(HTMLParser):
    """Reads a page as a browser does, and keeps its tags and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag:
            assert self.open[-1] in OPTIONAL, (self.open[-3:], tag)
            self.open.pop()
        assert self.open, f"</{tag}> ends nothing"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@given(outcomes())
def test_text_from_outside_has_no_effect(record: CheckOutcome) -> None:
    text = check_page(record)
    read = Reader(text)
    assert not read.open
    assert {tag for tag, _ in read.tags} <= KNOWN
    for tag, attributes in read.tags:
        assert attributes.keys() <= ATTRIBUTES, (tag, attributes)
        link = attributes.get("href")
        assert link is None or re.fullmatch("#[a-z]+", link)
    assert not [c for c in text if not c.isprintable() and c != "\n"]


def test_the_page_loads_nothing_and_allows_nothing() -> None:
    text = check_page(rich_outcome())
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = next(a["content"] for t, a in Reader(text).tags if a.get("http-equiv"))
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"<script| src=|https?:|@import|url\(| style=", text)


def test_blocking_findings_come_first_and_then_the_changes() -> None:
    told = Reader(check_page(rich_outcome())).text
    order = (
        "The change is blocked",
        "public-database",
        "set publicly_accessible = false",
        "+1 create",
        "approvals: 1 of owners is missing",
        "Impact on 3 stacks",
        "old is removed",
        "delete aws_instance.old",
        "replace aws_db_instance.main because engine cannot be changed in place ⚑ public-database",
        "known after apply",
        "Waived 1",
        "Risk: medium, 42 of 100",
    )
    places = [told.find(words) for words in order]
    assert -1 not in places, dict(zip(order, places, strict=True))
    assert places == sorted(places)


def test_a_change_without_effect_passes() -> None:
    nothing = Assessment(ChangeSet("a" * 40, "b" * 40, (), ()))
    told = Reader(check_page(replace(rich_outcome(), assessment=nothing, ahead=(), passed=True))).text
    assert "The change can be merged" in told
    assert "Blocking findings" not in told


def test_masked_and_unknown_parts_of_a_value_stay_hidden() -> None:
    record = rich_outcome()
    inside = change(
        "aws_x.y",
        Action.UPDATE,
        {"a": {"b": 1, "c": "hunter2"}, "d": 1},
        {"a": {"b": UNKNOWN, "c": MASKED}, "d": MASKED},
    )
    plans = {key: replace(plan, changes=(inside,)) for key, plan in record.assessment.plans.items()}
    told = Reader(check_page(replace(record, assessment=replace(record.assessment, plans=plans)))).text
    assert "a.b 1 known after apply" in told
    assert "d sensitive sensitive" in told
    assert "hunter2" not in told


@given(texts, texts)
def test_the_page_of_a_deployment_shows_what_its_plans_change(why: str, value: str) -> None:
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    step = StepRecord(Step.PLAN, "dev", "a1", noon, noon, "succeeded", why, Detail())
    waits = Deployment("d1", "dev", "c" * 40, Manual("ann"), "ann", noon, (("dev",),), "p", (step,), waiting=(why,))
    opens = {"cidr_ipv4": "10.0.0.0/8", "x": value}, {"cidr_ipv4": "0.0.0.0/0", "x": "y" + value}
    kept = plan_of([change("aws_vpc_security_group_ingress_rule.web", Action.UPDATE, *opens)])
    text = deployment_page(waits, (), PlannedChanges({"dev": kept}, {"prod": why}))
    read = Reader(text)
    assert not read.open
    assert {tag for tag, _ in read.tags} <= KNOWN
    assert all(attributes.keys() <= ATTRIBUTES for _, attributes in read.tags)
    assert "dev: waiting" in read.text
    assert 'cidr_ipv4 open to everyone "10.0.0.0/8" "0.0.0.0/0"' in read.text


def test_ten_thousand_findings_are_counted_and_the_worst_are_listed() -> None:
    text = check_page(outcome_with_findings(10_000))
    assert len(text) < 1_500_000
    assert text.count("<tr class=") == ROWS
    told = Reader(text).text
    assert f"and {10_000 - ROWS:,} more findings" in told
    assert f"and {10_000 - LISTED:,} more findings" in told


def test_of_many_folders_only_impacted_ones_are_drawn() -> None:
    stack = Stack.conventional("dev", "environments/dev")
    folders = {f"modules/m{n}": Folder(f"modules/m{n}", (), ()) for n in range(MOST)}
    folders[stack.path] = Folder(stack.path, (), ())
    change_set = ChangeSet("a", "b", ("environments/dev/main.tf",), (Impact(stack, (Reason("stack", "x"),)),))
    shown = impact_graph(change_set, Graph(folders, {}), {})
    assert shown.count("<rect") == 1
    assert f"Not drawn: {MOST} folders" in shown


def test_a_tall_column_ends_with_the_number_of_others() -> None:
    stacks = [Stack("prod", f"environments/prod/s{n:03}", f"s{n:03}") for n in range(300)]
    folders = {s.path: Folder(s.path, (), (), (call("modules/vpc"),)) for s in stacks}
    folders["modules/vpc"] = Folder("modules/vpc", (), ())
    reason = "modules/vpc/main.tf"
    impacts = tuple(Impact(s, (Reason("module", reason, ("modules/vpc", s.path)),)) for s in stacks)
    shown = impact_graph(ChangeSet("a", "b", (reason,), impacts), Graph(folders, {}), {})
    assert shown.count("<rect") == TALLEST + 1
    assert f"and {300 - TALLEST + 1} more stacks" in shown


def test_modules_that_call_each_other_in_a_cycle_are_drawn() -> None:
    stack = Stack.conventional("dev", "environments/dev")
    folders = {
        stack.path: Folder(stack.path, (), (), (call("modules/a"),)),
        "modules/a": Folder("modules/a", (), (), (call("modules/b"),)),
        "modules/b": Folder("modules/b", (), (), (call("modules/a"),)),
    }
    reasons = (Reason("module", "modules/b/main.tf", ("modules/b", "modules/a", stack.path)),)
    change_set = ChangeSet("a", "b", ("modules/b/main.tf",), (Impact(stack, reasons),))
    assert impact_graph(change_set, Graph(folders, {}), {}).count("<rect") == 3
