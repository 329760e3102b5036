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
    Values,
)
from terrace.config.kinds import (
    WORD,
    Choice,
    Day,
    Duration,
    Either,
    Flag,
    Key,
    Kind,
    ListOf,
    MapOf,
    Number,
    Percentage,
    Record,
    Text,
)
from terrace.config.rule_comparisons import AtRisk, Probes, Remediation
from terrace.config.shared_kinds import VARIABLE
from terrace.config.yaml_nodes import Mapping, Node, Scalar


def _asked(approvals: Values) -> bool:
    """Whether anybody is asked: where nobody is, it does not matter for how long an answer counts."""
    return approvals["count"] > 0 or any(number > 0 for number in approvals["roles"].values())


APPROVALS = Record(
    "approvals",
    (
        Key(
            "count",
            Number(),
            "How many people in all.",
            "0",
            "gate approvals",
            looser=Lower("{name} needs fewer approvals: {new} instead of {old}"),
        ),
        Key(
            "roles",
            MapOf(Number(1)),
            "How many people of each team; one person fills one role.",
            "none",
            "gate approvals",
            looser=Fewer("{name} needs fewer approvals of the team {item}: {number} instead of {before}"),
        ),
        Key(
            "expires",
            Duration(zero=False),
            "How long an answer counts.",
            "24h",
            "gate approvals",
            looser=Higher("approvals for {name} stay valid for longer", when=_asked),
        ),
        Key(
            "unsigned",
            Flag(),
            "Whether answers without an SSH signature count.",
            "false",
            "gate approvals",
            looser=Ordered((False, True), "{name} accepts approvals without a signature"),
        ),
    ),
)
_DETAILED = frozenset(key.name for key in APPROVALS.keys)


def _approvals(node: Node) -> Kind:
    """A number, teams with their numbers, or the whole record; a team that is called `count` needs the record."""
    if not isinstance(node, Mapping):
        return Number()
    names = {key.text for key, _ in node.pairs}
    return APPROVALS if names & _DETAILED else MapOf(Number(1))


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
        ),
        Key("expect", Number(100, 599), "The status that is right.", "200", "smoke", looser=_PROBE),
        Key("contains", Text(), "What the body must hold, in its first MiB.", "none", "smoke", looser=_PROBE),
        Key(
            "timeout",
            Duration(zero=False),
            "How long one try may take, to the end of the body.",
            "10s",
            "smoke",
            looser=_PROBE,
        ),
        Key("attempts", Number(1), "How often it is tried.", "3", "smoke", looser=_PROBE),
        Key("name", Text(), "What it is called in reports.", "the address", "smoke", looser=_PROBE),
    ),
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
        ),
        Key("timeout", Duration(zero=False), "How long it may take.", "5m", "smoke", looser=_PROBE),
        Key("name", Text(), "What it is called in reports.", "the program", "smoke", looser=_PROBE),
    ),
)


def _probe(node: Node) -> Kind:
    names = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set()
    return RUN if "run" in names else HTTP


LITERALS = ("test", "testing", "fake")
"""Values that may stand in Git even for a variable that is a secret by its name: emulated clouds take anything."""

SECRETS = MapOf(
    Text("`env:NAME`, or a value that is no secret", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|(?!env:)[\s\S]+")),
    VARIABLE,
)
_LITERALS = f"One that is a secret by its name is `env:NAME` or, for an emulated cloud, one of {', '.join(LITERALS)}."

CREDENTIALS = Record(
    "credentials",
    (
        Key(
            "plan", SECRETS, f"Variables of the child while it plans. {_LITERALS}", "none", "terraform", looser=_POWERS
        ),
        Key(
            "apply",
            SECRETS,
            f"Variables of the child while it applies. {_LITERALS}",
            "none",
            "terraform",
            looser=_POWERS,
        ),
    ),
)

ROLLOUT = Record(
    "rollout",
    (
        Key(
            "bake",
            Duration(),
            "How long a release is watched before it counts as good.",
            "0",
            "deploy, tick",
            looser=Lower("{name} is watched for a shorter time after a deployment"),
        ),
        Key(
            "every",
            Duration(zero=False),
            "How often its health is measured meanwhile.",
            "30s",
            "deploy, tick",
            looser=Higher("the health of {name} is measured less often"),
        ),
        Key(
            "passes",
            Number(1),
            "How many of the last `of` measurements must pass.",
            "3",
            "deploy, tick",
            looser=Lower("{name} needs a smaller share of healthy measurements"),
        ),
        Key(
            "of",
            Number(1),
            "How many measurements are looked at.",
            "5",
            "deploy, tick",
            looser=Higher("{name} needs a smaller share of healthy measurements"),
        ),
    ),
    later=frozenset({"canary"}),
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
            "all of them",
            "drift",
            looser=_IGNORED,
        ),
        Key("owner", Text(), "Who answers for it.", needed=True, looser=_IGNORED),
        Key("reason", Text(), "Why it is no drift.", needed=True, looser=_IGNORED),
        Key("until", Day(), "The last day on which it holds.", needed=True, looser=_IGNORED),
    ),
)

_MORE_AT_ONCE = Higher("drift of more objects of {name} may be undone at once")

REMEDIATE = Record(
    "remediation",
    (
        Key(
            "approvals",
            Either(_approvals, (Number(), MapOf(Number(1)), APPROVALS)),
            "Who must say yes to taking drift back.",
            "as `approvals` of the environment",
            "gate approvals",
            looser=InsteadOf(APPROVALS, "approvals", 2, ", to undo drift"),
        ),
        Key(
            "allow",
            MapOf(ListOf(Text()), Text("a glob of types", re.compile(r"[A-Za-z0-9_*?]+"))),
            "Attributes that may be changed back, by type.",
            "tags of every type",
            "drift",
            looser=AddedMembers("drift of {items} of {item} in {name} may be undone without a deployment"),
        ),
        Key("at_most", Number(1), "How many objects of a stack at once.", "5", "drift", looser=_MORE_AT_ONCE),
        Key("share", Percentage(), "How much of a stack at once.", "20%", "drift", looser=_MORE_AT_ONCE),
    ),
)


def _remediate(node: Node) -> Kind:
    return Choice(("off",)) if isinstance(node, Scalar) else REMEDIATE


DRIFT = Record(
    "drift",
    (
        Key(
            "every",
            Duration(),
            "How often `terrace tick` looks for drift; 0: only when asked.",
            "0",
            "tick",
            looser=Higher("{name} is checked for drift less often", unlimited=(timedelta(0),)),
        ),
        Key(
            "ignore",
            ListOf(IGNORE),
            "Drift that somebody answers for.",
            "none",
            "drift",
            looser=Added("{name} ignores drift of {items}", show=lambda rule: str(rule.address)),
        ),
        Key(
            "remediate",
            Either(_remediate, (Choice(("off",)), REMEDIATE)),
            "What `terrace drift --remediate` may take back.",
            "off for production and for the last step, tags elsewhere",
            "drift",
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
            "none",
            "drift",
            looser=Never("a cause is only shown, and decides nothing"),
        ),
    ),
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
            "none",
            "gate approvals, check",
            looser=Added("{name} applies {items} with other values than were approved"),
        ),
    ),
)


def _at_risk(node: Node) -> Kind:
    return Choice(("block",)) if isinstance(node, Scalar) and isinstance(node.value, str) else _more(node)


def _more(node: Node) -> Kind:
    return MapOf(Number(1)) if isinstance(node, Mapping) else Number(1)


AT_RISK = Either(_at_risk, (Choice(("block",)), Number(1), MapOf(Number(1))))

RISK = Record(
    "risk",
    tuple(
        Key(
            level,
            AT_RISK,
            f"What a release of {level} risk or more needs: people, teams, or `block`.",
            "none",
            "gate risk",
            looser=PartOf("risk"),
        )
        for level in ("medium", "high", "critical")
    ),
)

_LONGER = Higher("{name} has a longer {key} or none", unlimited=(None,))

ENVIRONMENT = Record(
    "an environment",
    (
        Key(
            "after",
            WORD,
            "The environment whose success a release needs first.",
            "none",
            "gates promotion, soak",
            looser=Changed("{name} no longer needs a successful deployment to {old} first", unless=(None,)),
        ),
        Key(
            "deploy",
            Choice(("manual", "automatic")),
            "Whether `terrace tick` deploys what lands.",
            "manual",
            "tick",
            looser=Ordered(("manual", "automatic"), "{name} is deployed to without a person who asks for it"),
        ),
        Key(
            "soak",
            Duration(),
            "How long a release must have lived in `after`.",
            "0",
            "gate soak",
            looser=Lower("{name} needs a shorter soak time"),
        ),
        Key(
            "approvals",
            Either(_approvals, (Number(), MapOf(Number(1)), APPROVALS)),
            "Who must say yes: a number, teams, or the details.",
            "0",
            "gate approvals",
            looser=Inside(APPROVALS),
        ),
        Key("risk", RISK, "Whom a risky release needs besides.", "none", "gate risk", looser=AtRisk(APPROVALS)),
        Key(
            "smoke",
            ListOf(Either(_probe, (HTTP, RUN))),
            "What must work after a deployment.",
            "none",
            "smoke",
            looser=Probes("a smoke test"),
        ),
        Key(
            "health",
            ListOf(Either(_probe, (HTTP, RUN))),
            "What is measured while a release bakes.",
            "none",
            "deploy, tick",
            looser=Probes("a health probe"),
        ),
        Key(
            "rollout",
            ROLLOUT,
            "How long and how a release is watched.",
            "see there",
            "deploy, tick",
            looser=Inside(ROLLOUT),
        ),
        Key(
            "on_failure",
            Choice(("pause", "rollback")),
            "What happens when a release fails there: people are asked, or what is safe to undo is undone.",
            "pause",
            "deploy, tick",
            looser=Changed("after a failed release to {name} Terrace does {new} instead of {old}"),
        ),
        Key(
            "rollback",
            Either(_approvals, (Number(), MapOf(Number(1)), APPROVALS)),
            "Who must say yes to going back.",
            "as `approvals`",
            "gate approvals",
            looser=InsteadOf(APPROVALS, "approvals", 0, ", for a rollback"),
        ),
        Key(
            "protected",
            Flag(),
            "Whether `terrace destroy` refuses it.",
            "true for production, by its name",
            "destroy",
            looser=Ordered((True, False), "{name} is no longer protected from `terrace destroy`"),
        ),
        Key(
            "credentials",
            CREDENTIALS,
            "What its Terraform may use.",
            "none",
            "terraform",
            looser=Inside(CREDENTIALS),
        ),
        Key(
            "volatile",
            VOLATILE,
            "What differs each time it is planned.",
            "see there",
            "gate approvals, check",
            looser=Inside(VOLATILE),
        ),
        Key("drift", DRIFT, "How it is watched for drift.", "see there", "drift, tick", looser=Inside(DRIFT)),
        Key(
            "env",
            ListOf(VARIABLE),
            "More variables that its Terraform gets as they are.",
            "none",
            "terraform",
            looser=_POWERS,
        ),
        Key(
            "rpo",
            Duration(zero=False),
            "How old the newest copy of a state may be.",
            "none",
            "state, status, tick",
            looser=_LONGER,
        ),
        Key(
            "rto",
            Duration(zero=False),
            "How long bringing a state back may take.",
            "none",
            "state drill",
            looser=_LONGER,
        ),
    ),
    later=frozenset({"budget", "windows", "freezes", "change_ticket"}),
)
