"""Checks as their reports take them: one rich example, and drawn ones full of hostile text."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from support.plans import change
from terrace.assess.model import Assessment, Finding, Severity, Status
from terrace.assess.risk import Reason as Why
from terrace.assess.risk import Risk
from terrace.gates.model import GateResult, Outcome, Verdict
from terrace.plans.model import MASKED, UNKNOWN, Action, Digest, OutputChange, Plan, ResourceChange
from terrace.report.check_outcome import CheckOutcome
from terrace.stacks.graph import Call, Folder, Graph
from terrace.stacks.model import ChangeSet, Impact, Reason, Stack

DEV = Stack.conventional("dev", "environments/dev")
NETWORK = Stack.conventional("prod", "environments/prod/network")
APP = Stack("prod", "environments/prod/app", "app", after=("prod/network",))
GONE = Stack.conventional("old", "environments/old")

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\u202egnp.exe\u202c",
    "| a | b |\n| --- | --- |",
    "```\n# broken out\n```",
    "@everyone and #1 and [here](https://evil.example)",
    "</details></td></table>",
    "]]>&amp;&lt;!--",
    "\x00\x0b\x85\u2028\ufffe\ud800",
    "{0} %n %SRCROOT%",
    "javascript:alert(1)",
    "' onmouseover='alert(1)\" x=\"",
)
"""Texts that break out of one format or another where they are not escaped."""

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec=None), max_size=40),
    st.lists(st.sampled_from([*HOSTILE, "a", " ", "`", "|", "\n"]), min_size=1, max_size=4).map("".join),
)
"""Text as it may come from a repository, a tool, or a provider."""

findings = st.builds(
    Finding,
    rule=texts,
    severity=st.sampled_from(Severity),
    status=st.sampled_from(Status),
    tool=st.one_of(texts, st.just("terrace")),
    message=texts,
    stack=st.one_of(st.none(), texts, st.just("prod/app")),
    address=st.one_of(st.none(), texts),
    path=st.one_of(st.none(), texts),
    line=st.integers(0, 5000),
    detail=texts,
    fix=st.one_of(st.none(), texts),
    advisory=st.booleans(),
)

changes = st.builds(
    ResourceChange,
    address=texts,
    type=texts,
    name=texts,
    action=st.sampled_from(Action),
    before=st.one_of(st.none(), st.dictionaries(texts, texts, max_size=2)),
    after=st.one_of(st.none(), st.dictionaries(texts, st.one_of(texts, st.just(MASKED)), max_size=2)),
    replace_paths=st.lists(st.tuples(texts), max_size=1).map(tuple),
    previous_address=st.one_of(st.none(), texts),
)

RISK = Risk(42, "medium", (Why("changes", 2, "2 changes"),))


def plan(stack: Stack, *changes: ResourceChange, outputs: tuple[OutputChange, ...] = ()) -> Plan:
    """A plan of that stack."""
    return Plan(stack, "c" * 40, Digest(f"{len(changes)}d" * 32, "k"), changes, outputs)


@st.composite
def outcomes(draw: st.DrawFn) -> CheckOutcome:
    """A check in which every text may be hostile, the names of stacks and modules too."""
    word = draw(texts)
    stacks = [DEV, Stack(draw(texts), draw(texts), draw(texts)), APP]
    impacts = tuple(Impact(s, (Reason("module", draw(texts), (draw(texts), s.path)),)) for s in stacks)
    plans = {s.key: plan(s, *draw(st.lists(changes, max_size=3))) for s in stacks[:2]}
    drawn_findings = tuple(draw(st.lists(findings, max_size=6)))
    assessment = Assessment(
        ChangeSet("a" * 40, "b" * 40, (word,), impacts, removed=(Stack("x", word, word),)),
        plans,
        {APP.key: draw(texts)},
        drawn_findings,
    )
    result = GateResult(draw(texts), draw(st.sampled_from(Outcome)), draw(texts), draw(texts))
    folders = {s.path: Folder(s.path, (), (), (call(word),)) for s in stacks} | {word: Folder(word, (), ())}
    passed = not assessment.blocking
    return CheckOutcome(
        assessment, (Verdict(draw(texts), (result,)),), passed, RISK, graph=Graph(folders, {}), tools=("terrace", word)
    )


def call(target: str) -> Call:
    """A call of a module in that folder."""
    from terrace.hcl.facts import ModuleCall

    return Call(ModuleCall("m", target), target, target)


def rich_outcome() -> CheckOutcome:
    """A change that shows everything a report can show; the golden files are made of it."""
    plans = {
        DEV.key: plan(DEV),
        NETWORK.key: plan(
            NETWORK,
            change("aws_subnet.a", Action.NO_OP),
            change("aws_vpc.main", Action.UPDATE, {"tags": {"owner": "ann"}, "cidr": "10.0.0.0/16"},
                   {"tags": {"owner": "bob"}, "cidr": "10.0.0.0/16"}),
            change('aws_route53_record.www["a|b"]', Action.CREATE, None, {"name": "www", "fqdn": UNKNOWN}),
            change("aws_db_instance.main", Action.REPLACE, {"engine": "mysql", "password": MASKED},
                   {"engine": "postgres", "password": MASKED}, replace_paths=(("engine",),)),
            change("aws_instance.old", Action.DELETE, {"ami": "ami-1"}, None),
            outputs=(OutputChange("address", Action.UPDATE, "10.0.0.1", "10.0.0.2"),),
        ),
    }  # fmt: skip
    impacts = (
        Impact(DEV, (Reason("module", "modules/vpc/main.tf", ("modules/vpc", "environments/dev")),)),
        Impact(NETWORK, (Reason("module", "modules/vpc/main.tf", ("modules/vpc", "environments/prod/network")),)),
        Impact(APP, (Reason("stack", "environments/prod/app/main.tf"),)),
    )
    changed = ("environments/prod/app/main.tf", "modules/vpc/main.tf")
    example_findings = (
        Finding("format", Severity.LOW, Status.FAIL, "terraform fmt", "modules/vpc/main.tf is not formatted",
                path="modules/vpc/main.tf", detail="- a=1\n+ a = 1", fix="terraform fmt modules/vpc/main.tf"),
        Finding("public-database", Severity.CRITICAL, Status.FAIL, "terrace", "the database is open to all",
                stack="prod/network", address="aws_db_instance.main", path="modules/vpc/main.tf", line=12,
                fix="set publicly_accessible = false"),
        Finding("plan", Severity.HIGH, Status.UNKNOWN, "terraform", "Unsupported argument: nme",
                stack="prod/app", path="environments/prod/app/main.tf", line=3, fix="see the message above"),
        Finding("required-tags", Severity.MEDIUM, Status.WAIVED, "terrace", "the tag team is missing",
                stack="prod/network", address='aws_route53_record.www["a|b"]', fix="waived by carol: moving"),
        Finding("layout", Severity.MEDIUM, Status.UNKNOWN, "terrace", "the module source is not a literal",
                path="environments/dev/main.tf", line=7, advisory=True),
        Finding("unpinned", Severity.INFO, Status.FAIL, "checkov", "the module has no version | see <docs>",
                path="environments/dev/main.tf", line=9, advisory=True, fix="pin it"),
    )  # fmt: skip
    change_set = ChangeSet("a" * 40, "b" * 40, changed, impacts, removed=(GONE,))
    why = "Unsupported argument on environments/prod/app/main.tf:3"
    until = datetime(2026, 1, 5, 9, tzinfo=UTC)
    gates = (
        GateResult("soak", Outcome.WAIT, "it has been in staging for 5 minutes of 1 hour", "wait", until),
        GateResult("approvals", Outcome.WAIT, "1 of owners is missing", "`terrace approve prod --role owners`"),
        GateResult("windows", Outcome.PASS, "inside Mon-Thu 08:00-16:00"),
    )
    ahead = (
        Verdict("dev", (GateResult("approvals", Outcome.PASS, "none are asked for"),)),
        Verdict("prod", gates),
    )
    folders = {
        "environments/dev": Folder("environments/dev", (), (), (call("modules/vpc"),)),
        "environments/prod/network": Folder("environments/prod/network", (), (), (call("modules/vpc"),)),
        "environments/prod/app": Folder("environments/prod/app", (), (), (call("modules/service"),)),
        "modules/service": Folder("modules/service", (), (), (call("modules/labels"),)),
        "modules/vpc": Folder("modules/vpc", (), (), (call("modules/labels"),)),
        "modules/labels": Folder("modules/labels", (), ()),
    }
    assessment = Assessment(change_set, plans, {APP.key: why}, example_findings)
    tools = ("terrace", "terraform", "terraform fmt")
    return CheckOutcome(assessment, ahead, passed=False, risk=RISK, graph=Graph(folders, {}), tools=tools)


def outcome_with_findings(count: int) -> CheckOutcome:
    """The rich example with that many findings."""
    example = rich_outcome()
    example_findings = tuple(
        Finding(f"rule-{n % 50}", Severity(n % 5), Status.FAIL, "checkov", f"number {n} is wrong",
                stack="prod/network", address=f"aws_s3_bucket.b[{n}]", path=f"modules/m{n % 100}/main.tf", line=n + 1,
                fix="do it right")
        for n in range(count)
    )  # fmt: skip
    assessment = Assessment(
        example.assessment.change_set, example.assessment.plans, example.assessment.unplanned, example_findings
    )
    return CheckOutcome(assessment, example.ahead, passed=False, risk=RISK, graph=example.graph, tools=example.tools)
