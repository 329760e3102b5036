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

_TEAM_NUMBERS = MapOf(Number(1), Reference("team"), items="whole numbers from 1 up")

APPROVALS = Record(
    "approvals",
    (
        Key(
            "count",
            Number(),
            "Total number of people.",
            "gate approvals",
            looser=Lower("{name} needs fewer approvals: {new} instead of {old}"),
        ),
        Key(
            "roles",
            _TEAM_NUMBERS,
            "Number of people of each team. One person counts for one team only.",
            reader="gate approvals",
            looser=Fewer("{name} needs fewer approvals of the team {item}: {number} instead of {before}"),
        ),
        Key(
            "expires",
            Duration(zero=False),
            "Time until an approval expires.",
            "gate approvals",
            looser=Higher("approvals for {name} stay valid for longer", when=lambda rule: rule.requires_any),
        ),
        Key(
            "unsigned",
            Flag(),
            "Acceptance of approvals without an SSH signature.",
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
            "URL to request; `${NAME}` is replaced by that output.",
            needed=True,
            looser=_PROBE,
            sets="url",
        ),
        Key("expect", Number(100, 599), "Expected HTTP status code.", "smoke", looser=_PROBE),
        Key("contains", Text(), "Text that the first MiB of the response body must contain.", "smoke", looser=_PROBE),
        Key(
            "timeout",
            Duration(zero=False),
            "Timeout of one attempt, including the response body.",
            "smoke",
            looser=_PROBE,
        ),
        Key("attempts", Number(1), "Number of attempts.", "smoke", looser=_PROBE),
        Key("name", Text(), "Name of the probe in reports.", "smoke", default="the URL", looser=_PROBE),
    ),
    makes=HttpProbe,
)
RUN = Record(
    "a command probe",
    (
        Key(
            "run",
            ListOf(Text(), 1, "texts"),
            "Program and arguments, without a shell. Outputs are passed as variables `TERRACE_OUTPUT_NAME`.",
            needed=True,
            looser=_PROBE,
            sets="argv",
        ),
        Key("timeout", Duration(zero=False), "Timeout of the command.", "smoke", looser=_PROBE),
        Key("name", Text(), "Name of the probe in reports.", "smoke", default="the program", looser=_PROBE),
    ),
    makes=CommandProbe,
)


def _choose_probe(node: Node) -> Kind:
    names = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set()
    return RUN if "run" in names else HTTP


SECRETS = MapOf(
    Text("`env:NAME` or a value that is not secret", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|(?!env:)[\s\S]+")),
    VARIABLE,
    names="names of environment variables",
    items="`env:NAME` or values that are not secret",
    refuse=refuse_secrets("read it from the environment: `{name}: env:{name}`"),
)
_LITERALS = f"A variable named like a secret is `env:NAME` or, for an emulated cloud, one of {', '.join(LITERALS)}."

CREDENTIALS = Record(
    "credentials",
    (
        Key(
            "plan",
            SECRETS,
            f"Variables of Terraform for plans. {_LITERALS}",
            "terraform",
            looser=_POWERS,
        ),
        Key(
            "apply",
            SECRETS,
            f"Variables of Terraform for applies. {_LITERALS}",
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
            "Time for which the health of a new release is measured before the release is good.",
            "deploy, tick",
            looser=Lower("{name} has a shorter bake time"),
        ),
        Key(
            "every",
            Duration(zero=False),
            "Interval between two measurements.",
            "deploy, tick",
            looser=Higher("the health of {name} is measured less often"),
        ),
        Key(
            "passes",
            Number(1),
            "Number of the last `of` measurements that must pass.",
            "deploy, tick",
            looser=Lower("{name} needs a smaller share of healthy measurements"),
        ),
        Key(
            "of",
            Number(1),
            "Number of measurements that are evaluated.",
            "deploy, tick",
            looser=Higher("{name} needs a smaller share of healthy measurements"),
        ),
    ),
    makes=Rollout,
    later=frozenset({"canary"}),
    rules=(check_measurements,),
)

IGNORE = Record(
    "an exception for drift",
    (
        Key(
            "address",
            Text(),
            "Resource addresses, as a glob like `aws_autoscaling_group.*`.",
            needed=True,
            looser=_IGNORED,
        ),
        Key(
            "attributes",
            ListOf(Text(), items="attribute names"),
            "Attributes, like `desired_capacity`.",
            "drift",
            default="all of them",
            looser=_IGNORED,
        ),
        Key("owner", Text(), "Owner of the exception.", needed=True, looser=_IGNORED),
        Key("reason", Text(), "Reason for the exception.", needed=True, looser=_IGNORED),
        Key(
            "until",
            Day(),
            "Expiry date. The exception is valid until the end of that day.",
            needed=True,
            looser=_IGNORED,
        ),
    ),
    makes=IgnoreRule,
)

_MORE_AT_ONCE = Higher("drift of more resources of {name} can be reverted together")

REMEDIATE = Record(
    "remediation",
    (
        Key(
            "approvals",
            _APPROVALS,
            "Required approvals for the remediation of drift.",
            "gate approvals",
            default="as `approvals` of the environment",
            looser=InsteadOf(APPROVALS, "approvals", 2, ", to undo drift"),
        ),
        Key(
            "allow",
            MapOf(
                ListOf(Text(), items="attribute names"),
                Text("a glob of resource types", re.compile(r"[A-Za-z0-9_*?]+")),
                names="globs of resource types",
                items="lists of attribute names",
            ),
            "Attributes that can be reverted, by resource type.",
            "drift",
            default="tags of every type",
            looser=AddedMembers("drift of {items} of {item} in {name} can be reverted without a deployment"),
        ),
        Key(
            "at_most",
            Number(1),
            "Maximum number of resources of a stack that are reverted together.",
            "drift",
            looser=_MORE_AT_ONCE,
        ),
        Key(
            "share",
            Percentage(),
            "Maximum share of the resources of a stack that are reverted together.",
            "drift",
            looser=_MORE_AT_ONCE,
        ),
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
            "Interval between the drift checks of `terrace tick`; 0: no scheduled checks.",
            "tick",
            looser=Higher("{name} is checked for drift less often", unlimited=(timedelta(0),)),
        ),
        Key(
            "ignore",
            ListOf(IGNORE, items="exceptions"),
            "Accepted drift, each with an owner and an expiry date.",
            "drift",
            looser=Added("{name} ignores drift of {items}", show=lambda rule: str(rule.address)),
        ),
        Key(
            "remediate",
            Either(_choose_remediate, (_OFF, REMEDIATE)),
            "Drift that `terrace drift --remediate` can revert.",
            "drift",
            default="`off` for production and for the last environment, tags elsewhere",
            looser=Remediation(REMEDIATE),
        ),
        Key(
            "logs",
            ListOf(
                Text(
                    "a path inside the repository, `file:///DIR`, `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`",
                    re.compile(r"file:///.+|(?:s3|az)://.+|(?![a-z0-9]+:)(?![/~])(?!(?:.*/)?\.\.(?:/|$)).+"),
                )
            ),
            "Exported AWS CloudTrail or Azure activity logs, to find out who caused drift.",
            "drift",
            looser=Never("the cause of drift is informational"),
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
            "Attributes whose planned value can change between approval and apply.",
            "gate approvals, check",
            looser=Added("{name} applies other values of {items} than those that were approved"),
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
            f"Additional approvals for releases of {level} or higher risk: a number of people, a number for each team, "
            "or `block`.",
            "gate risk",
            looser=PartOf("risk"),
        )
        for level in ("medium", "high", "critical")
    ),
    makes=dict,
)

_LONGER = Higher("{name} has a longer {key}, or none", unlimited=(None,))

ENVIRONMENT = Record(
    "an environment",
    (
        Key(
            "after",
            Reference("environment"),
            "Environment to which a release must be deployed successfully first.",
            "gates promotion, soak",
            looser=Changed("{name} no longer needs a successful deployment to {old} first", unless=(None,)),
        ),
        Key(
            "deploy",
            Choice(("manual", "automatic")),
            "Deployment of new commits on the protected branch: on request, or automatically by `terrace tick`.",
            "tick",
            looser=Ordered(("manual", "automatic"), "new commits are deployed to {name} without a request by a person"),
        ),
        Key(
            "soak",
            Duration(),
            "Minimum time between the deployment to `after` and the deployment here.",
            "gate soak",
            looser=Lower("{name} needs a shorter soak time"),
        ),
        Key(
            "approvals",
            _APPROVALS,
            "Required approvals: a number of people, a number for each team, or the mapping below.",
            "gate approvals",
            default="0",
            looser=Inside(APPROVALS),
        ),
        Key("risk", RISK, "Additional approvals for risky releases.", "gate risk", looser=AtRisk(APPROVALS)),
        Key(
            "smoke",
            ListOf(Either(_choose_probe, (HTTP, RUN)), items="HTTP probes and command probes"),
            "Smoke tests after a deployment.",
            "smoke",
            looser=Probes("a smoke test"),
        ),
        Key(
            "health",
            ListOf(Either(_choose_probe, (HTTP, RUN)), items="HTTP probes and command probes"),
            "Health probes during the bake time.",
            "deploy, tick",
            looser=Probes("a health probe"),
        ),
        Key(
            "rollout",
            ROLLOUT,
            "Bake time of a release, and its health measurements.",
            "deploy, tick",
            looser=Inside(ROLLOUT),
        ),
        Key(
            "on_failure",
            Choice(("pause", "rollback")),
            "Action after a failed release: stop and wait for people, or roll back automatically where that is safe.",
            "deploy, tick",
            looser=Changed("after a failed release to {name}, Terrace does `{new}` instead of `{old}`"),
        ),
        Key(
            "rollback",
            _APPROVALS,
            "Required approvals for a rollback.",
            "gate approvals",
            default="as `approvals`",
            looser=InsteadOf(APPROVALS, "approvals", 0, ", for a rollback"),
        ),
        Key(
            "protected",
            Flag(),
            "Protection from `terrace destroy`.",
            "destroy",
            default="true for production, recognized by its name",
            looser=Ordered((True, False), "{name} is no longer protected from `terrace destroy`"),
        ),
        Key(
            "credentials",
            CREDENTIALS,
            "Environment variables with credentials for Terraform.",
            "terraform",
            default="none",
            looser=Inside(CREDENTIALS),
        ),
        Key(
            "volatile",
            VOLATILE,
            "Attributes whose planned values differ from plan to plan.",
            "gate approvals, check",
            looser=Inside(VOLATILE),
        ),
        Key("drift", DRIFT, "Drift checks and remediation.", "drift, tick", looser=Inside(DRIFT)),
        Key(
            "env",
            ListOf(VARIABLE, items="names of environment variables"),
            "Additional environment variables that are passed to Terraform.",
            "terraform",
            looser=_POWERS,
        ),
        Key(
            "url",
            Text(
                "an http(s) address without a user name",
                # The characters of RFC 3986: none of them ends a link in Markdown or in a terminal.
                re.compile(r"https?://[\w\-.~:\[\]%]+(?:[/?#][\w\-.~:/?#\[\]@!$&'()*+,;=%]*)?", re.ASCII),
            ),
            "URL of what is deployed here, shown in `status`, `show` and on the forge. It is public: no secret.",
            "status, show, deploy",
            looser=Never("it is shown, and no rule depends on it"),
        ),
        Key(
            "rpo",
            Duration(zero=False),
            "Recovery point objective: maximum age of the latest backup of each state.",
            "state, status, tick",
            looser=_LONGER,
        ),
        Key(
            "rto",
            Duration(zero=False),
            "Recovery time objective: maximum duration of a state restore.",
            "state drill",
            looser=_LONGER,
        ),
    ),
    makes=Environment,
    later=frozenset({"budget", "windows", "freezes", "change_ticket"}),
    rules=(check_workspace_variable,),
)
