"""Every key of terrace.yaml, in one table. The loader, the JSON Schema and the reference page are made from it."""

from __future__ import annotations

import re

from terrace.stacks.config import ADVISORY, SCANNERS, CommitRules
from terrace.stacks.kinds import (
    WORD,
    Choice,
    Convention,
    Day,
    Duration,
    Either,
    Flag,
    Key,
    Kind,
    Later,
    ListOf,
    MapOf,
    Number,
    Only,
    Percentage,
    Record,
    Text,
)
from terrace.stacks.yaml_nodes import Mapping, Node, Scalar

VARIABLE = Text("a name of an environment variable", re.compile(r"[A-Za-z_][A-Za-z0-9_]*"))
PATH = Text("a path from the root of the repository", re.compile(r"(?!/)(?!-)(?!(.*/)?\.\.(/|$))[^\x00-\x1f\\]+"))

POLICIES = Record(
    "a folder of policies",
    (
        Key("path", PATH, "The folder.", needed=True),
        Key(
            "input",
            Choice(("view", "plan")),
            "What they are given: Terrace's view, or `terraform show -json` as conftest and OPA know it.",
            "view",
            "check policy",
        ),
        Key(
            "namespaces",
            ListOf(Text("a package", re.compile(r"\w+(\.\w+)*"))),
            "With `input: plan`, the packages that judge; conftest's own default is `[main]`.",
            "all of them",
            "check policy",
        ),
        Key("data", ListOf(PATH), "With `input: plan`, folders of data, as `conftest --data`.", "none", "check policy"),
    ),
)


def _policies(node: Node) -> Kind:
    return POLICIES if isinstance(node, Mapping) else PATH


APPROVALS = Record(
    "approvals",
    (
        Key("count", Number(), "How many people in all.", "0", "gate approvals"),
        Key(
            "roles",
            MapOf(Number(1)),
            "How many people of each team; one person fills one role.",
            "none",
            "gate approvals",
        ),
        Key("expires", Duration(zero=False), "How long an answer counts.", "24h", "gate approvals"),
        Key("unsigned", Flag(), "Whether answers without an SSH signature count.", "false", "gate approvals"),
    ),
)
_DETAILED = frozenset(key.name for key in APPROVALS.keys)


def _approvals(node: Node) -> Kind:
    """A number, teams with their numbers, or the whole record; a team that is called `count` needs the record."""
    if not isinstance(node, Mapping):
        return Number()
    names = {key.text for key, _ in node.pairs}
    return APPROVALS if names & _DETAILED else MapOf(Number(1))


HTTP = Record(
    "an HTTP probe",
    (
        Key(
            "http",
            Text("an http(s) address", re.compile(r"(https?://|\$\{)\S+")),
            "Address to GET; `${NAME}` is an output.",
            needed=True,
        ),
        Key("expect", Number(100, 599), "The status that is right.", "200", "smoke"),
        Key("contains", Text(), "What the body must hold.", "none", "smoke"),
        Key("timeout", Duration(zero=False), "How long one try may take.", "10s", "smoke"),
        Key("attempts", Number(1), "How often it is tried.", "3", "smoke"),
        Key("name", Text(), "What it is called in reports.", "the address", "smoke"),
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
        ),
        Key("timeout", Duration(zero=False), "How long it may take.", "5m", "smoke"),
        Key("name", Text(), "What it is called in reports.", "the program", "smoke"),
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
        Key("plan", SECRETS, f"Variables of the child while it plans. {_LITERALS}", "none", "terraform"),
        Key("apply", SECRETS, f"Variables of the child while it applies. {_LITERALS}", "none", "terraform"),
    ),
)

ROLLOUT = Record(
    "rollout",
    (
        Key("bake", Duration(), "How long a release is watched before it counts as good.", "0", "deploy, tick"),
        Key("every", Duration(zero=False), "How often its health is measured meanwhile.", "30s", "deploy, tick"),
        Key("passes", Number(1), "How many of the last `of` measurements must pass.", "3", "deploy, tick"),
        Key("of", Number(1), "How many measurements are looked at.", "5", "deploy, tick"),
    ),
    later=frozenset({"canary"}),
)

IGNORE = Record(
    "a rule to ignore drift",
    (
        Key("address", Text(), "Which addresses; a glob like `aws_autoscaling_group.*`.", needed=True),
        Key("attributes", ListOf(Text()), "Which attributes, like `desired_capacity`.", "all of them", "drift"),
        Key("owner", Text(), "Who answers for it.", needed=True),
        Key("reason", Text(), "Why it is no drift.", needed=True),
        Key("until", Day(), "The last day on which it holds.", needed=True),
    ),
)

REMEDIATE = Record(
    "remediation",
    (
        Key(
            "approvals",
            Either(_approvals, (Number(), MapOf(Number(1)), APPROVALS)),
            "Who must say yes to taking drift back.",
            "as `approvals` of the environment",
            "gate approvals",
        ),
        Key(
            "allow",
            MapOf(ListOf(Text()), Text("a glob of types", re.compile(r"[A-Za-z0-9_*?]+"))),
            "Attributes that may be changed back, by type.",
            "tags of every type",
            "drift",
        ),
        Key("at_most", Number(1), "How many objects of a stack at once.", "5", "drift"),
        Key("share", Percentage(), "How much of a stack at once.", "20%", "drift"),
    ),
)


def _remediate(node: Node) -> Kind:
    return Choice(("off",)) if isinstance(node, Scalar) else REMEDIATE


DRIFT = Record(
    "drift",
    (
        Key("every", Duration(), "How often `terrace tick` looks for drift; 0: only when asked.", "0", "tick"),
        Key("ignore", ListOf(IGNORE), "Drift that somebody answers for.", "none", "drift"),
        Key(
            "remediate",
            Either(_remediate, (Choice(("off",)), REMEDIATE)),
            "What `terrace drift --remediate` may take back.",
            "off for production and for the last step, tags elsewhere",
            "drift",
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
        )
        for level in ("medium", "high", "critical")
    ),
)

ENVIRONMENT = Record(
    "an environment",
    (
        Key("after", WORD, "The environment whose success a release needs first.", "none", "gates promotion, soak"),
        Key("deploy", Choice(("manual", "automatic")), "Whether `terrace tick` deploys what lands.", "manual", "tick"),
        Key("soak", Duration(), "How long a release must have lived in `after`.", "0", "gate soak"),
        Key(
            "approvals",
            Either(_approvals, (Number(), MapOf(Number(1)), APPROVALS)),
            "Who must say yes: a number, teams, or the details.",
            "0",
            "gate approvals",
        ),
        Key("risk", RISK, "Whom a risky release needs besides.", "none", "gate risk"),
        Key("smoke", ListOf(Either(_probe, (HTTP, RUN))), "What must work after a deployment.", "none", "smoke"),
        Key(
            "health",
            ListOf(Either(_probe, (HTTP, RUN))),
            "What is measured while a release bakes.",
            "none",
            "deploy, tick",
        ),
        Key("rollout", ROLLOUT, "How long and how a release is watched.", "see there", "deploy, tick"),
        Key(
            "on_failure",
            Choice(("pause", "rollback")),
            "What happens when a release fails there: people are asked, or what is safe to undo is undone.",
            "pause",
            "deploy, tick",
        ),
        Key(
            "rollback",
            Either(_approvals, (Number(), MapOf(Number(1)), APPROVALS)),
            "Who must say yes to going back.",
            "as `approvals`",
            "gate approvals",
        ),
        Key(
            "protected",
            Flag(),
            "Whether `terrace destroy` refuses it.",
            "true for production, by its name",
            "destroy",
        ),
        Key("credentials", CREDENTIALS, "What its Terraform may use.", "none", "terraform"),
        Key("drift", DRIFT, "How it is watched for drift.", "see there", "drift, tick"),
        Key("env", ListOf(VARIABLE), "More variables that its Terraform gets as they are.", "none", "terraform"),
        Key("rpo", Duration(zero=False), "How old the newest copy of a state may be.", "none", "state, status, tick"),
        Key("rto", Duration(zero=False), "How long bringing a state back may take.", "none", "state drill"),
    ),
    later=frozenset({"budget", "windows", "freezes", "change_ticket", "volatile"}),
)

STACK = Record(
    "a stack",
    (
        Key("path", PATH, "Its folder.", needed=True),
        Key("environment", WORD, "The environment that it belongs to.", needed=True),
        Key("name", WORD, "What it is called.", "the folder's name", "everything"),
        Key("after", ListOf(WORD), "Stacks of the same environment that go first.", "none", "deploy"),
        Key("var_files", ListOf(PATH), "More files of variables.", "none", "terraform"),
        Key("backend_config", MapOf(Text()), "Values for its backend block.", "none", "terraform"),
    ),
)

PERSON = Record(
    "a person",
    (
        Key("emails", ListOf(Text()), "Emails of their commits.", "none", "gate approvals"),
        Key("login", WORD, "Their account on the forge.", "their name", "gate approvals, ChatOps"),
    ),
)

TERRAFORM = Record(
    "terraform",
    (
        Key("binary", Text(), "`auto`, `terraform`, `tofu`, `embedded`, or a path.", "auto", "terraform"),
        Key("version", Text(), "The versions that may be used.", ">= 1.6", "terraform"),
        Key("parallel", Number(1), "How many may run at once.", "what memory and cores bear", "check, deploy"),
        Key(
            "fast",
            Choice(("auto", "plan-only", "off")),
            "What goes through the fast lane: plans and applies (`auto`), plans, or nothing.",
            "plan-only",
            "terraform",
        ),
        Key("lock_wait", Duration(), "How long to wait for a state that somebody else has locked.", "20s", "terraform"),
    ),
)

BACKUPS = Record(
    "backups",
    (
        Key("url", Text(), "A folder or `s3://`, `gs://`, `az://`.", "a private folder of this machine", "deploy"),
        Key(
            "key",
            Text("`env:NAME`", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")),
            "Where the key is: 32 bytes in base64.",
            "env:TERRACE_BACKUP_KEY",
            "deploy",
        ),
        Key(
            "recipients",
            ListOf(Text("an age recipient", re.compile(r"age1[a-z0-9]{10,}"))),
            "Who can read copies, as age recipients; whoever only deploys needs no key then.",
            "none: the key seals them",
            "deploy",
        ),
        Key(
            "identity",
            Text("`env:NAME`", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")),
            "Where an age identity is, for those who read copies.",
            "env:TERRACE_BACKUP_IDENTITY",
            "state restore, drill, diff, rekey",
        ),
    ),
)

COMMITS = Record(
    "commits",
    (
        Key("types", ListOf(WORD, 1), "Types that a message may begin with.", ", ".join(CommitRules().types), "check"),
        Key("scopes", ListOf(Text()), "Scopes that may follow the type.", "any", "check"),
        Key("subject", Number(20), "How many characters the first line may have.", "72", "check"),
    ),
)

REQUIRED_FILES = Record(
    "required_files",
    (
        Key("modules", ListOf(PATH), "Files of every module.", "README.md", "check"),
        Key("environments", ListOf(PATH), "Files of every stack.", "none", "check"),
    ),
)

FORGE = Record(
    "forge",
    (
        Key(
            "repository",
            Text("a path like `owner/name`", re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+")),
            "The repository, where neither a run of CI nor the remote tells it.",
            "the remote's",
            "the forge",
        ),
        Key(
            "api",
            Text("an https address", re.compile(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._/-]*)?")),
            "The root of the forge's API, as `https://HOST/api/v3` of a GitHub Enterprise Server.",
            "that of the remote's host",
            "the forge",
        ),
        Key(
            "reviewed",
            Choice(("required", "off")),
            "Whether only commits enter that came through a merged change whose newest commit somebody else approved.",
            "off",
            "gate reviewed",
        ),
        Key("deployments", Choice(("shown", "off")), "Whether deployments are shown there.", "shown", "the forge"),
        Key(
            "code_scanning",
            Choice(("shown", "off")),
            "Whether `check --publish` hands its findings to code scanning.",
            "shown",
            "check",
        ),
        Key(
            "releases",
            Choice(("production", "off")),
            "Where the tag of a deployment becomes a release with notes: in production, or nowhere.",
            "off",
            "the forge",
        ),
        Key("issues", Choice(("drift", "off")), "What has an issue there as long as it lasts.", "drift", "the forge"),
    ),
)

DOCS = Record(
    "docs",
    (
        Key(
            "modules",
            Choice(("marked", "all")),
            "Which changed modules need a page in their README: those with markers there, or all.",
            "marked",
            "check",
        ),
    ),
)

NAMING = Record(
    "naming",
    tuple(
        Key(name, Convention(), f"How {what} are named; an expression is for all of a name.", "snake_case", "check")
        for name, what in (
            ("resources", "resources"),
            ("data", "data sources"),
            ("modules", "calls of modules"),
            ("variables", "variables"),
            ("outputs", "outputs"),
            ("locals", "local values"),
        )
    ),
)

AUDIT = Record(
    "audit",
    (
        Key(
            "every",
            Duration(),
            "How often `terrace tick` looks at everything that is deployed, as `terrace check --all` does; 0: never.",
            "0",
            "tick",
        ),
    ),
)
LEVEL = Choice(("required", "advisory", "off"))
CHECKS = (
    "format",
    "trust-root",
    "layout",
    "policy",
    "commits",
    "pinned",
    "lock-file",
    "unused",
    "required-files",
    "docs",
    "naming",
    "deprecated",
    "secrets",
    "plan-secrets",
    *SCANNERS,
    "scanners",
)
"""What may be weighed: the names of `terrace.apps.checks`."""
GRADE = Choice(("info", "low", "medium", "high", "critical"))
CHECK = Record(
    "a check",
    (
        Key("level", LEVEL, "How much it weighs.", "as without a word", "check"),
        Key("fail_on", GRADE, "The least severity that holds a change.", "`fail_on` of `checks`", "check"),
    ),
)
WEIGHTS = Record(
    "checks",
    (
        *(
            Key(
                name,
                Either(lambda node: CHECK if isinstance(node, Mapping) else LEVEL, (LEVEL, CHECK)),
                f"How much `{name}` weighs.",
                "advisory" if name in ADVISORY else "required",
                "check",
            )
            for name in CHECKS
        ),
        Key(
            "fail_on",
            GRADE,
            "The least severity that holds a change; less is told.",
            "info",
            "check",
        ),
    ),
)

WAIVERS = Record(
    "waivers",
    (Key("longest", Duration(zero=False), "How long a waiver may count.", "180d", "check, waive, baseline"),),
)

TERRACE = Record(
    "terrace.yaml",
    (
        Key("version", Only(1), "The version of this format.", needed=True),
        Key(
            "environments",
            MapOf(ENVIRONMENT),
            "The ladder, from the first step up.",
            "the folders of `environments/`",
            "everything",
        ),
        Key(
            "stacks",
            ListOf(STACK),
            "Stacks of another layout, or more about those of the conventional one.",
            "by folder",
            "discovery",
        ),
        Key("teams", MapOf(ListOf(WORD)), "Who belongs to which team.", "none", "gate approvals"),
        Key("people", MapOf(PERSON), "People and the emails of their commits.", "none", "gate approvals"),
        Key("signers", PATH, "SSH keys of people, in ssh-keygen's format.", ".terrace/allowed_signers", "approvals"),
        Key(
            "branch",
            Text("a branch", re.compile(r"(?!-)[A-Za-z0-9._/-]+")),
            "The protected branch.",
            "main",
            "trust root",
        ),
        Key(
            "remote", Text("a remote", re.compile(r"(?!-)[A-Za-z0-9._/-]+")), "The Git remote.", "origin", "trust root"
        ),
        Key("forge", FORGE, "Where changes are talked about.", "as CI or the remote says", "the forge"),
        Key("terraform", TERRAFORM, "Which Terraform or OpenTofu.", "see there", "terraform"),
        Key(
            "ledger",
            Later(Text("`git` or `sqlite:PATH`", re.compile(r"git|sqlite:.+")), "postgres"),
            "Where events are kept.",
            "git",
            "ledger",
        ),
        Key("backups", BACKUPS, "Where copies of states go.", "see there", "deploy"),
        Key(
            "policies",
            ListOf(Either(_policies, (PATH, POLICIES))),
            "Folders of Rego policies, and the data they use.",
            "none",
            "check policy",
        ),
        Key(
            "checks",
            WEIGHTS,
            "How much each check weighs.",
            f"advisory: {', '.join(ADVISORY)}; required: all others",
            "check",
        ),
        Key("waivers", WAIVERS, "How waivers are granted.", "see there", "check, waive, baseline"),
        Key(
            "platforms",
            ListOf(Text("a platform like `linux_amd64`", re.compile(r"[a-z0-9]+_[a-z0-9]+"))),
            "Platforms that lock files must know providers for.",
            "none",
            "check",
        ),
        Key("required_files", REQUIRED_FILES, "Which files a folder must have.", "see there", "check"),
        Key("docs", DOCS, "Which modules have a page that is made from them.", "see there", "check"),
        Key("naming", NAMING, "How things are named.", "snake_case", "check"),
        Key("audit", AUDIT, "How everything that stands is looked at.", "see there", "tick"),
        Key("commits", COMMITS, "How messages of commits are written.", "Conventional Commits", "check"),
    ),
    later=frozenset({"notify", "calendars"}),
)

SECTIONS: tuple[tuple[str, Record], ...] = (
    ("terrace.yaml", TERRACE),
    ("environments.NAME", ENVIRONMENT),
    ("environments.NAME.approvals", APPROVALS),
    ("environments.NAME.risk", RISK),
    ("environments.NAME.smoke[] with `http`", HTTP),
    ("environments.NAME.smoke[] with `run`", RUN),
    ("environments.NAME.rollout", ROLLOUT),
    ("environments.NAME.credentials", CREDENTIALS),
    ("environments.NAME.drift", DRIFT),
    ("environments.NAME.drift.ignore[]", IGNORE),
    ("environments.NAME.drift.remediate", REMEDIATE),
    ("stacks[]", STACK),
    ("people.NAME", PERSON),
    ("forge", FORGE),
    ("terraform", TERRAFORM),
    ("backups", BACKUPS),
    ("policies[] as a mapping", POLICIES),
    ("checks", WEIGHTS),
    ("checks.NAME", CHECK),
    ("waivers", WAIVERS),
    ("commits", COMMITS),
    ("required_files", REQUIRED_FILES),
    ("docs", DOCS),
    ("naming", NAMING),
    ("audit", AUDIT),
)
"""Every record of the file under the name by which the reference lists it."""
