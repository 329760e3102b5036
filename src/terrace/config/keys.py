"""Every key of terrace.yaml, in one table. The loader, the JSON Schema and the reference page are made from it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from terrace.config.before_plan_keys import COMMAND, COMMANDS
from terrace.config.check_keys import (
    AUDIT,
    CHECK,
    POLICIES,
    POLICY_FOLDERS,
    WAIVERS,
    checks_record,
)
from terrace.config.checks import DeclaredChecks, settings_of
from terrace.config.comparisons import (
    Added,
    AddedMembers,
    Changed,
    Entries,
    Higher,
    Inside,
    Never,
    Ordered,
    PartOf,
    Removed,
)
from terrace.config.environment_keys import (
    APPROVALS,
    CREDENTIALS,
    DRIFT,
    ENVIRONMENT,
    HTTP,
    IGNORE,
    REMEDIATE,
    RISK,
    ROLLOUT,
    RUN,
    VOLATILE,
)
from terrace.config.kinds import (
    WORD,
    Choice,
    Duration,
    Either,
    Flag,
    Key,
    Later,
    ListOf,
    MapOf,
    Number,
    Only,
    Record,
    Text,
)
from terrace.config.model import EVERY
from terrace.config.rule_comparisons import Commands, Emails, PolicyFolders, StackEntries
from terrace.config.shared_kinds import FILE_OF_SETTINGS, PATH, WORD_OF_PATTERN, WORKSPACE
from terrace.config.trust_root import BRANCH_NAME, REMOTE_NAME
from terrace.config.yaml_nodes import Sequence

SUBMODULES = Either(lambda node: ListOf(PATH) if isinstance(node, Sequence) else Flag(), (Flag(), ListOf(PATH)))
_CHANGED = Changed("{key} changes from {old} to {new}")
_CHANGED_TERRAFORM = Changed("terraform.{key} changes from {old} to {new}")
_LONGER = Higher(
    "terraform.{key} changes from {old} to {new}: a command that hangs is stopped later or never",
    unlimited=(timedelta(0),),
    word="it is longer, or 0",
)
_CHANGED_BACKUPS = Changed("backups are kept elsewhere or encrypted with another key")
_CHANGED_FORGE = Changed("forge.{key} changes from {old} to {new}: another forge says who approved")

STACK = Record(
    "a stack",
    (
        Key(
            "path",
            PATH,
            "Its folder (`.` is the root of the repository), or a pattern like `live/*/*` for many: each `*` matches "
            "inside of the name of one folder, and the other keys take what it matched as `{1}`, `{2}`. No pattern "
            "matches a folder that an entry names; no `*` matches `modules`, `examples`, `tests` or a hidden folder.",
            needed=True,
            looser=PartOf("stacks"),
        ),
        Key(
            "environment",
            WORD_OF_PATTERN,
            "The environment that it belongs to.",
            needed=True,
            looser=PartOf("stacks"),
        ),
        Key(
            "name",
            WORD_OF_PATTERN,
            "What it is called.",
            "the folder's name",
            "everything",
            looser=Changed(
                "{name} is called {new} instead of {old}, so that nothing recorded under the old name counts for it"
            ),
        ),
        Key(
            "after",
            ListOf(WORD_OF_PATTERN),
            "Stacks of the same environment that go first.",
            "none",
            "deploy",
            looser=Removed("{name} no longer goes after {items}"),
        ),
        Key(
            "var_files",
            ListOf(PATH),
            "More files of variables.",
            "none",
            "terraform",
            looser=Never("the plan shows what the variables change, and the plan is what people approve"),
        ),
        Key(
            "backend_config",
            MapOf(Text()),
            "Values for its backend block.",
            "none",
            "terraform",
            looser=Changed("{name} gives its backend other values, such as the place of its state"),
        ),
        Key(
            "backend_files",
            ListOf(FILE_OF_SETTINGS),
            "Files with values for its backend block (`env/prod.tfbackend`); `backend_config` comes before them.",
            "none",
            "terraform",
            looser=Changed("{name} takes the values of its backend from other files, such as the place of its state"),
        ),
        Key(
            "workspace",
            WORKSPACE,
            "The workspace of Terraform that it is planned and applied in: its state is where the backend keeps that of"
            " the workspace. The first deployment makes a workspace that does not exist yet.",
            "default",
            "terraform",
            looser=Changed("{name} has its state in the workspace {new} instead of {old}"),
        ),
        Key(
            "before_plan",
            COMMANDS,
            "Commands that run before it is planned, after those for every stack.",
            "none",
            "terraform, impact",
            looser=Commands(),
        ),
    ),
)

# No path that begins at a root or a home, and none that leads up.
_INSIDE = r"(?![/~])(?!(?:.*/)?\.\.(?:/|$)).+"
_LEDGER = re.compile(rf"git|sqlite:{_INSIDE}")
_STORE = re.compile(rf"file:///.+|(?!file:)[a-z0-9]+://.+|(?![a-z0-9]+:){_INSIDE}")

PERSON = Record(
    "a person",
    (
        Key("emails", ListOf(Text()), "Emails of their commits.", "none", "gate approvals", looser=Emails()),
        Key(
            "login",
            WORD,
            "Their account on the forge.",
            "their name",
            "gate approvals, ChatOps",
            looser=Changed("commits and answers of the account {new} count as those of {name}"),
        ),
    ),
)

TERRAFORM = Record(
    "terraform",
    (
        Key(
            "binary",
            Text(),
            "`auto`, `terraform`, `tofu`, `embedded`, or a path.",
            "auto",
            "terraform",
            looser=_CHANGED_TERRAFORM,
        ),
        Key("version", Text(), "The versions that may be used.", ">= 1.6", "terraform", looser=_CHANGED_TERRAFORM),
        Key(
            "parallel",
            Number(1),
            "How many may run at once.",
            "what memory and cores bear",
            "check, deploy",
            looser=Never("it decides how fast plans are made, and not which"),
        ),
        Key(
            "fast",
            Choice(("auto", "plan-only", "off")),
            "What goes through the fast lane: plans and applies (`auto`), plans, or nothing.",
            "plan-only",
            "terraform",
            looser=Ordered(("off", "plan-only", "auto"), "the fast lane is used for more: {new} instead of {old}"),
        ),
        Key(
            "lock_wait",
            Duration(),
            "How long to wait for a state that somebody else has locked.",
            "20s",
            "terraform",
            looser=Never("a lock of somebody else is waited for or left alone, and never broken"),
        ),
        Key(
            "init_timeout",
            Duration(),
            "How long `init` may take before it is stopped; 0: no limit.",
            "15m",
            "terraform",
            looser=_LONGER,
        ),
        Key(
            "plan_timeout",
            Duration(),
            "How long a plan, and every other command that only reads, may take before it is stopped; 0: no limit.",
            "1h",
            "terraform",
            looser=_LONGER,
        ),
        Key(
            "state_timeout",
            Duration(),
            "How long writing a state may take before it is interrupted, but never killed; 0: no limit. "
            "An apply has no limit (docs/how-to/interruptions.md).",
            "15m",
            "terraform",
            looser=_LONGER,
        ),
    ),
)

BACKUPS = Record(
    "backups",
    (
        Key(
            "url",
            Text("a folder inside of the repository, `file:///DIR`, or a store such as `s3://BUCKET`", _STORE),
            "A folder of the repository, `file:///DIR` for any other, or `s3://`, `gs://`, `az://`.",
            "a private folder of this machine",
            "deploy",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "key",
            Text("`env:NAME`", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")),
            "Where the key is: 32 bytes in base64.",
            "env:TERRACE_BACKUP_KEY",
            "deploy",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "recipients",
            ListOf(Text("an age recipient", re.compile(r"age1[a-z0-9]{10,}"))),
            "Who can read copies, as age recipients; whoever only deploys needs no key then.",
            "none: the key seals them",
            "deploy",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "identity",
            Text("`env:NAME`", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")),
            "Where an age identity is, for those who read copies.",
            "env:TERRACE_BACKUP_IDENTITY",
            "state restore, drill, diff, rekey",
            looser=_CHANGED_BACKUPS,
        ),
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
            looser=_CHANGED_FORGE,
        ),
        Key(
            "api",
            Text("an https address", re.compile(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._/-]*)?")),
            "The root of the forge's API, as `https://HOST/api/v3` of a GitHub Enterprise Server.",
            "that of the remote's host",
            "the forge",
            looser=_CHANGED_FORGE,
        ),
        Key(
            "reviewed",
            Choice(("required", "off")),
            "Whether only commits enter that came through a merged change whose newest commit somebody else approved.",
            "off",
            "gate reviewed",
            looser=Ordered(("required", "off"), "changes that were not reviewed may be deployed"),
        ),
        Key(
            "deployments",
            Choice(("shown", "off")),
            "Whether deployments are shown there.",
            "shown",
            "the forge",
            looser=Ordered(("shown", "off"), "deployments are no longer shown on the forge"),
        ),
        Key(
            "code_scanning",
            Choice(("shown", "off")),
            "Whether `check --publish` hands its findings to code scanning.",
            "shown",
            "check",
            looser=Ordered(("shown", "off"), "findings are no longer shown in code scanning"),
        ),
        Key(
            "releases",
            Choice(("production", "off")),
            "Where the tag of a deployment becomes a release with notes: in production, or nowhere.",
            "off",
            "the forge",
            looser=Ordered(("production", "off"), "deployments to production no longer become releases with notes"),
        ),
        Key(
            "issues",
            Choice(("drift", "off")),
            "What has an issue there as long as it lasts: drift, and what stands and breaks rules.",
            "drift",
            "the forge",
            looser=Ordered(("drift", "off"), "drift no longer has an issue on the forge"),
        ),
    ),
)

TERRACE = Record(
    "terrace.yaml",
    (
        Key(
            "version",
            Only(1),
            "The version of this format.",
            needed=True,
            looser=Never("there is one version"),
        ),
        Key(
            "environments",
            MapOf(ENVIRONMENT),
            "The ladder, from the first step up.",
            "the folders of `environments/`",
            "everything",
            looser=Entries(
                ENVIRONMENT,
                gone="the environment {name} and its rules are removed",
                new="{name} is new: its stacks are deployed by the rules of {name} alone",
            ),
        ),
        Key(
            "stacks",
            ListOf(STACK),
            "Stacks of another layout, or more about those of the conventional one.",
            "by folder",
            "discovery",
            looser=StackEntries(STACK),
        ),
        Key(
            "not_stacks",
            ListOf(PATH),
            "Folders, or patterns of them, with root modules in no stack on purpose, there and below. No pattern "
            "of `stacks` matches them, and none of them is told.",
            "none",
            "discovery, check, doctor",
            looser=Added("root modules in {items} may be in no stack without being reported"),
        ),
        Key(
            "before_plan",
            COMMANDS,
            "Commands that run before each stack is planned, such as one that builds what it deploys. They are read on "
            "the protected branch (docs/how-to/before-plan.md).",
            "none",
            "terraform, impact",
            looser=Commands(),
        ),
        Key(
            "submodules",
            SUBMODULES,
            "Which Git submodules are checked out: `true` for every one, or a list of their paths. One in another "
            "submodule is named by its path. They are fetched from where `.gitmodules` on the protected branch says "
            "(docs/how-to/existing-repository.md).",
            "none",
            "discovery, impact, terraform",
            looser=Added(
                "{items} is fetched, read and planned: who may push there changes what a moved commit brings",
                show=lambda path: "every submodule" if path == EVERY else f"the submodule {path}",
            ),
        ),
        Key(
            "teams",
            MapOf(ListOf(WORD)),
            "Who belongs to which team.",
            "none",
            "gate approvals",
            looser=AddedMembers("approvals of {items} count for the team {item}"),
        ),
        Key(
            "people",
            MapOf(PERSON),
            "People and the emails of their commits.",
            "none",
            "gate approvals",
            looser=Entries(
                PERSON,
                gone="commits of {name} no longer count as theirs",
                nothing={"emails": (), "login": None},
            ),
        ),
        Key(
            "signers",
            PATH,
            "SSH keys of people, in ssh-keygen's format.",
            ".terrace/allowed_signers",
            "approvals",
            looser=_CHANGED,
        ),
        Key(
            "branch",
            Text("a branch", BRANCH_NAME),
            "The protected branch.",
            "the branch where this file judges",
            "trust root",
            looser=_CHANGED,
        ),
        Key(
            "remote",
            Text("a remote", REMOTE_NAME),
            "The Git remote.",
            "the remote where this file judges",
            "trust root",
            looser=_CHANGED,
        ),
        Key(
            "forge",
            FORGE,
            "Where changes are talked about.",
            "as CI or the remote says",
            "the forge",
            looser=Inside(FORGE),
        ),
        Key(
            "terraform",
            TERRAFORM,
            "Which Terraform or OpenTofu.",
            "see there",
            "terraform",
            looser=Inside(TERRAFORM),
        ),
        Key(
            "ledger",
            Later(Text("`git` or `sqlite:PATH`, inside of the repository", _LEDGER), "postgres"),
            "Where events are kept.",
            "git",
            "ledger",
            looser=_CHANGED,
        ),
        Key(
            "ledger_id",
            Text("the id of a ledger", re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")),
            "The id of the ledger, which `terrace doctor` tells: no other one is taken for it.",
            "any",
            "ledger",
            looser=Changed("a ledger other than {old} is accepted", unless=("",)),
        ),
        Key("backups", BACKUPS, "Where copies of states go.", "see there", "deploy", looser=Inside(BACKUPS)),
        Key(
            "policies",
            POLICY_FOLDERS,
            "Folders of Rego policies, and the data they use.",
            "none",
            "check policy",
            looser=PolicyFolders(),
        ),
        Key(
            "waivers",
            WAIVERS,
            "How waivers are granted.",
            "see there",
            "check, waive, baseline",
            looser=Inside(WAIVERS),
        ),
        Key("audit", AUDIT, "How everything that stands is looked at.", "see there", "tick", looser=Inside(AUDIT)),
    ),
    later=frozenset({"notify", "calendars"}),
)


def terrace_record(checks: DeclaredChecks) -> Record:
    """Returns the record of the whole file: TERRACE, the key `checks`, and the keys that belong to checks."""
    advisory = ", ".join(check.name for check in checks.values() if check.level == "advisory")
    record = checks_record(checks)
    key = Key(
        "checks",
        record,
        "How much each check weighs.",
        f"advisory: {advisory}; required: all others",
        "check",
        looser=Inside(record),
    )
    return replace(TERRACE, keys=(*TERRACE.keys, key, *(settings.key for settings in settings_of(checks))))


_SECTIONS: tuple[tuple[str, Record], ...] = (
    ("environments.NAME", ENVIRONMENT),
    ("environments.NAME.approvals", APPROVALS),
    ("environments.NAME.risk", RISK),
    ("environments.NAME.smoke[] with `http`", HTTP),
    ("environments.NAME.smoke[] with `run`", RUN),
    ("environments.NAME.rollout", ROLLOUT),
    ("environments.NAME.credentials", CREDENTIALS),
    ("environments.NAME.volatile", VOLATILE),
    ("environments.NAME.drift", DRIFT),
    ("environments.NAME.drift.ignore[]", IGNORE),
    ("environments.NAME.drift.remediate", REMEDIATE),
    ("stacks[]", STACK),
    ("before_plan[]", COMMAND),
    ("people.NAME", PERSON),
    ("forge", FORGE),
    ("terraform", TERRAFORM),
    ("backups", BACKUPS),
    ("policies[] as a mapping", POLICIES),
    ("waivers", WAIVERS),
    ("audit", AUDIT),
)


def sections(checks: DeclaredChecks) -> tuple[tuple[str, Record], ...]:
    """Returns every record of the file under the name by which the reference lists it."""
    own = ((settings.key.name, settings.record) for settings in settings_of(checks) if settings.record is not None)
    weights = (("checks", checks_record(checks)), ("checks.NAME", CHECK))
    return (("terrace.yaml", terrace_record(checks)), *_SECTIONS, *weights, *own)
