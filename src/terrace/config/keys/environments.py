"""The keys of one environment of terrace.yaml."""

from __future__ import annotations

import re
from datetime import timedelta

from terrace.config.comparisons import (
    Added,
    AddedMembers,
    Changed,
    Fewer,
    Higher,
    Inside,
    InsteadOf,
    Lower,
    Never,
    Ordered,
    PartOf,
)
from terrace.config.keys.values import VARIABLE
from terrace.config.kinds import (
    Choice,
    Converted,
    Day,
    Duration,
    Either,
    Flag,
    Kind,
    ListOf,
    MapOf,
    Number,
    Percentage,
    Reference,
    Text,
)
from terrace.config.model import (
    ApprovalRule,
    CommandProbe,
    Credentials,
    DriftSettings,
    Environment,
    HttpProbe,
    IgnoreRule,
    Remediate,
    RiskLevel,
    RiskRule,
    Rollout,
    Volatile,
)
from terrace.config.records import Key, Record
from terrace.config.rules import LITERALS, check_measurements, check_workspace_variable, refuse_secrets
from terrace.config.section_comparisons import AtRisk, Probes, Remediation
from terrace.config.yaml_nodes import Mapping, Node, Scalar

_TEAM_NUMBERS = MapOf(Number(1), Reference("team"))

APPROVALS = Record(
    "approvals",
    (
        Key(
            "count",
            Number(),
            "How many people in all.",
            "gate approvals",
            looser=Lower("{name} needs fewer approvals: {new} instead of {old}"),
        ),
        Key(
            "roles",
            _TEAM_NUMBERS,
            "How many people of each team; one person fills one role.",
            reader="gate approvals",
            looser=Fewer("{name} needs fewer approvals of the team {item}: {number} instead of {before}"),
        ),
        Key(
            "expires",
            Duration(zero=False),
            "How long an answer counts.",
            "gate approvals",
            default="24h",
            looser=Higher("approvals for {name} stay valid for longer", when=lambda rule: rule.asked),
        ),
        Key(
            "unsigned",
            Flag(),
            "Whether answers without an SSH signature count.",
            "gate approvals",
            looser=Ordered((False, True), "{name} accepts approvals without a signature"),
        ),
    ),
    makes=ApprovalRule,
)
_DETAILED = frozenset(key.name for key in APPROVALS.keys)
_COUNT = Converted(Number(), lambda count: ApprovalRule(count=count))
_ROLES = Converted(_TEAM_NUMBERS, lambda roles: ApprovalRule(roles=roles))


def _choose_approvals(node: Node) -> Kind:
    """A number, teams with their numbers, or the whole record; a team that is called `count` needs the record."""
    if not isinstance(node, Mapping):
        return _COUNT
    names = {key.text for key, _ in node.pairs}
    return APPROVALS if names & _DETAILED else _ROLES


_APPROVALS = Either(_choose_approvals, (_COUNT, _ROLES, APPROVALS))

_PROBE = PartOf("smoke` and `health")
_IGNORED = PartOf("ignore")
_POWERS = Changed("{name} gets other credentials or variables")

HTTP = Record(
    "an HTTP probe",
    (
        Key(
            "http",
            Text("an http(s) address", re.compile(r"(https?://|\$\{)\S+")),
            "Address to GET; `${NAME}` is an output.",
            needed=True,
            looser=_PROBE,
            field="url",
        ),
        Key("expect", Number(100, 599), "The status that is right.", "smoke", looser=_PROBE),
        Key("contains", Text(), "What the body must hold, in its first MiB.", "smoke", looser=_PROBE),
        Key(
            "timeout",
            Duration(zero=False),
            "How long one try may take, to the end of the body.",
            "smoke",
            looser=_PROBE,
        ),
        Key("attempts", Number(1), "How often it is tried.", "smoke", looser=_PROBE),
        Key("name", Text(), "What it is called in reports.", "smoke", default="the address", looser=_PROBE),
    ),
    makes=HttpProbe,
)
RUN = Record(
    "a command probe",
    (
        Key(
            "run",
            ListOf(Text(), 1),
            "Program and arguments, no shell; outputs come as TERRACE_OUTPUT_NAME.",
            needed=True,
            looser=_PROBE,
            field="argv",
        ),
        Key("timeout", Duration(zero=False), "How long it may take.", "smoke", looser=_PROBE),
        Key("name", Text(), "What it is called in reports.", "smoke", default="the program", looser=_PROBE),
    ),
    makes=CommandProbe,
)


def _choose_probe(node: Node) -> Kind:
    names = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set()
    return RUN if "run" in names else HTTP


SECRETS = MapOf(
    Text("`env:NAME`, or a value that is no secret", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|(?!env:)[\s\S]+")),
    VARIABLE,
    refuse=refuse_secrets("say where it is: `{name}: env:{name}`"),
)
_LITERALS = f"One that is a secret by its name is `env:NAME` or, for an emulated cloud, one of {', '.join(LITERALS)}."

CREDENTIALS = Record(
    "credentials",
    (
        Key(
            "plan",
            SECRETS,
            f"Variables of the child while it plans. {_LITERALS}",
            "terraform",
            looser=_POWERS,
        ),
        Key(
            "apply",
            SECRETS,
            f"Variables of the child while it applies. {_LITERALS}",
            "terraform",
            looser=_POWERS,
        ),
    ),
    makes=Credentials,
)

ROLLOUT = Record(
    "rollout",
    (
        Key(
            "bake",
            Duration(),
            "How long a release is watched before it counts as good.",
            "deploy, tick",
            looser=Lower("{name} is watched for a shorter time after a deployment"),
        ),
        Key(
            "every",
            Duration(zero=False),
            "How often its health is measured meanwhile.",
            "deploy, tick",
            looser=Higher("the health of {name} is measured less often"),
        ),
        Key(
            "passes",
            Number(1),
            "How many of the last `of` measurements must pass.",
            "deploy, tick",
            looser=Lower("{name} needs a smaller share of healthy measurements"),
        ),
        Key(
            "of",
            Number(1),
            "How many measurements are looked at.",
            "deploy, tick",
            looser=Higher("{name} needs a smaller share of healthy measurements"),
        ),
    ),
    makes=Rollout,
    later=frozenset({"canary"}),
    rules=(check_measurements,),
)

IGNORE = Record(
    "a rule to ignore drift",
    (
        Key(
            "address",
            Text(),
            "Which addresses; a glob like `aws_autoscaling_group.*`.",
            needed=True,
            looser=_IGNORED,
        ),
        Key(
            "attributes",
            ListOf(Text()),
            "Which attributes, like `desired_capacity`.",
            "drift",
            default="all of them",
            looser=_IGNORED,
        ),
        Key("owner", Text(), "Who answers for it.", needed=True, looser=_IGNORED),
        Key("reason", Text(), "Why it is no drift.", needed=True, looser=_IGNORED),
        Key("until", Day(), "The last day on which it holds.", needed=True, looser=_IGNORED),
    ),
    makes=IgnoreRule,
)

_MORE_AT_ONCE = Higher("drift of more objects of {name} may be undone at once")

REMEDIATE = Record(
    "remediation",
    (
        Key(
            "approvals",
            _APPROVALS,
            "Who must say yes to taking drift back.",
            "gate approvals",
            default="as `approvals` of the environment",
            looser=InsteadOf(APPROVALS, "approvals", 2, ", to undo drift"),
        ),
        Key(
            "allow",
            MapOf(ListOf(Text()), Text("a glob of types", re.compile(r"[A-Za-z0-9_*?]+"))),
            "Attributes that may be changed back, by type.",
            "drift",
            default="tags of every type",
            looser=AddedMembers("drift of {items} of {item} in {name} may be undone without a deployment"),
        ),
        Key("at_most", Number(1), "How many objects of a stack at once.", "drift", looser=_MORE_AT_ONCE),
        Key("share", Percentage(), "How much of a stack at once.", "drift", looser=_MORE_AT_ONCE),
    ),
    makes=Remediate,
)


_OFF = Converted(Choice(("off",)), lambda _: None)


def _choose_remediate(node: Node) -> Kind:
    return _OFF if isinstance(node, Scalar) else REMEDIATE


DRIFT = Record(
    "drift",
    (
        Key(
            "every",
            Duration(),
            "How often `terrace tick` looks for drift; 0: only when asked.",
            "tick",
            looser=Higher("{name} is checked for drift less often", unlimited=(timedelta(0),)),
        ),
        Key(
            "ignore",
            ListOf(IGNORE),
            "Drift that somebody answers for.",
            "drift",
            looser=Added("{name} ignores drift of {items}", show=lambda rule: str(rule.address)),
        ),
        Key(
            "remediate",
            Either(_choose_remediate, (_OFF, REMEDIATE)),
            "What `terrace drift --remediate` may take back.",
            "drift",
            default="off for production and for the last step, tags elsewhere",
            looser=Remediation(REMEDIATE),
        ),
        Key(
            "logs",
            ListOf(
                Text(
                    "a folder or file inside of the repository, `file:///DIR`, `s3://BUCKET/PREFIX` or "
                    "`az://CONTAINER/PREFIX`",
                    re.compile(r"file:///.+|(?:s3|az)://.+|(?![a-z0-9]+:)(?![/~])(?!(?:.*/)?\.\.(?:/|$)).+"),
                )
            ),
            "Logs of AWS CloudTrail or of Azure's activity log, which may tell who changed what drifted.",
            "drift",
            looser=Never("a cause is only shown, and decides nothing"),
        ),
    ),
    makes=DriftSettings,
)


VOLATILE = Record(
    "volatile",
    (
        Key(
            "allow",
            ListOf(
                Text(
                    "an attribute with its address, like `aws_instance.web.user_data`, or `output.NAME`",
                    re.compile(r"output\.[\w-]+|(?!output\.)[^*?\s]+(\[[^\]]*\])?\.[^*?\s]+\.[\w:/-]+"),
                )
            ),
            "Attributes that may have another value when they are applied than when they were approved.",
            "gate approvals, check",
            looser=Added("{name} applies {items} with other values than were approved"),
        ),
    ),
    makes=Volatile,
)


_BLOCK = Converted(Choice(("block",)), lambda _: RiskRule(blocked=True))
_RISK_COUNT = Converted(Number(1), lambda count: RiskRule(ApprovalRule(count=count)))
_RISK_ROLES = Converted(_TEAM_NUMBERS, lambda roles: RiskRule(ApprovalRule(roles=roles)))


def _choose_at_risk(node: Node) -> Kind:
    if isinstance(node, Mapping):
        return _RISK_ROLES
    return _BLOCK if isinstance(node, Scalar) and isinstance(node.value, str) else _RISK_COUNT


AT_RISK = Either(_choose_at_risk, (_BLOCK, _RISK_COUNT, _RISK_ROLES))

RISK: Record[dict[RiskLevel, RiskRule]] = Record(
    "risk",
    tuple(
        Key(
            level,
            AT_RISK,
            f"What a release of {level} risk or more needs: people, teams, or `block`.",
            "gate risk",
            looser=PartOf("risk"),
        )
        for level in ("medium", "high", "critical")
    ),
    makes=dict,
)

_LONGER = Higher("{name} has a longer {key} or none", unlimited=(None,))

ENVIRONMENT = Record(
    "an environment",
    (
        Key(
            "after",
            Reference("environment"),
            "The environment whose success a release needs first.",
            "gates promotion, soak",
            looser=Changed("{name} no longer needs a successful deployment to {old} first", unless=(None,)),
        ),
        Key(
            "deploy",
            Choice(("manual", "automatic")),
            "Whether `terrace tick` deploys what lands.",
            "tick",
            looser=Ordered(("manual", "automatic"), "{name} is deployed to without a person who asks for it"),
        ),
        Key(
            "soak",
            Duration(),
            "How long a release must have lived in `after`.",
            "gate soak",
            looser=Lower("{name} needs a shorter soak time"),
        ),
        Key(
            "approvals",
            _APPROVALS,
            "Who must say yes: a number, teams, or the details.",
            "gate approvals",
            default="0",
            looser=Inside(APPROVALS),
        ),
        Key("risk", RISK, "Whom a risky release needs besides.", "gate risk", looser=AtRisk(APPROVALS)),
        Key(
            "smoke",
            ListOf(Either(_choose_probe, (HTTP, RUN))),
            "What must work after a deployment.",
            "smoke",
            looser=Probes("a smoke test"),
        ),
        Key(
            "health",
            ListOf(Either(_choose_probe, (HTTP, RUN))),
            "What is measured while a release bakes.",
            "deploy, tick",
            looser=Probes("a health probe"),
        ),
        Key(
            "rollout",
            ROLLOUT,
            "How long and how a release is watched.",
            "deploy, tick",
            looser=Inside(ROLLOUT),
        ),
        Key(
            "on_failure",
            Choice(("pause", "rollback")),
            "What happens when a release fails there: people are asked, or what is safe to undo is undone.",
            "deploy, tick",
            looser=Changed("after a failed release to {name} Terrace does {new} instead of {old}"),
        ),
        Key(
            "rollback",
            _APPROVALS,
            "Who must say yes to going back.",
            "gate approvals",
            default="as `approvals`",
            looser=InsteadOf(APPROVALS, "approvals", 0, ", for a rollback"),
        ),
        Key(
            "protected",
            Flag(),
            "Whether `terrace destroy` refuses it.",
            "destroy",
            default="true for production, by its name",
            looser=Ordered((True, False), "{name} is no longer protected from `terrace destroy`"),
        ),
        Key(
            "credentials",
            CREDENTIALS,
            "What its Terraform may use.",
            "terraform",
            default="none",
            looser=Inside(CREDENTIALS),
        ),
        Key(
            "volatile",
            VOLATILE,
            "What differs each time it is planned.",
            "gate approvals, check",
            looser=Inside(VOLATILE),
        ),
        Key("drift", DRIFT, "How it is watched for drift.", "drift, tick", looser=Inside(DRIFT)),
        Key(
            "env",
            ListOf(VARIABLE),
            "More variables that its Terraform gets as they are.",
            "terraform",
            looser=_POWERS,
        ),
        Key(
            "rpo",
            Duration(zero=False),
            "How old the newest copy of a state may be.",
            "state, status, tick",
            looser=_LONGER,
        ),
        Key(
            "rto",
            Duration(zero=False),
            "How long bringing a state back may take.",
            "state drill",
            looser=_LONGER,
        ),
    ),
    makes=Environment,
    later=frozenset({"budget", "windows", "freezes", "change_ticket"}),
    rules=(check_workspace_variable,),
)
