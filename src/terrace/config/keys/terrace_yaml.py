"""The keys of terrace.yaml at its top, and the table of all of its records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from terrace.config.checks import DeclaredCheck, DeclaredChecks, settings_of
from terrace.config.comparisons import (
    Added,
    AddedMembers,
    Changed,
    Entries,
    Inside,
    Never,
)
from terrace.config.default_environments import default_environment
from terrace.config.keys.before_plan import COMMAND, COMMANDS
from terrace.config.keys.checks import (
    AUDIT,
    CHECK,
    POLICIES,
    POLICY_FOLDERS,
    POLICY_PACK,
    WAIVERS,
    checks_record,
    split_checks,
    split_policies,
)
from terrace.config.keys.environments import (
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
from terrace.config.keys.forge import FORGE, PERSON
from terrace.config.keys.stacks import STACK, STACK_ENTRIES
from terrace.config.keys.terraform import BACKUPS, TERRAFORM
from terrace.config.keys.values import FOLDERS, INSIDE, NORMAL_PATH, PATHS_OR_ALL
from terrace.config.kinds import WORD, Converted, ListOf, MapOf, Only, ReservedPrefix, Text
from terrace.config.model import EVERY, Config, Environment, Person
from terrace.config.records import Key, NamedRecords, Record, Spread, constant
from terrace.config.rules import check_order, check_people
from terrace.config.section_comparisons import Commands, PinnedPack, PolicyFolders
from terrace.config.stack_comparisons import StackEntries
from terrace.config.trust_root import BRANCH_NAME, REMOTE_NAME

_LEDGER = re.compile(rf"git|sqlite:{INSIDE}")
_CHANGED = Changed("{key} changes from {old} to {new}")


def _split_environments(environments: Mapping[str, Environment]) -> dict[str, Any]:
    """Returns the field for environments. If the file lists none, those found by directory remain."""
    return {"environments": tuple(environments.values())} if environments else {}


def _convert_submodules(value: bool | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (EVERY,) if value else ()
    return tuple(dict.fromkeys(value))


TERRACE = Record(
    "terrace.yaml",
    (
        Key(
            "version",
            Only(1),
            "Version of the file format.",
            needed=True,
            looser=Never("there is one version"),
            sets=constant(1),
        ),
        Key(
            "environments",
            NamedRecords(ENVIRONMENT, "environment", "environments", default_environment),
            "Environments in promotion order, first to last.",
            "everything",
            default="the folders of `environments/`",
            looser=Entries(
                ENVIRONMENT,
                gone="the environment {name} and its rules are removed",
                new="{name} is new: its stacks are deployed by the rules of {name} alone",
            ),
            sets=Spread(
                _split_environments,
                lambda config: {environment.name: environment for environment in config.environments},
            ),
        ),
        Key(
            "stacks",
            ListOf(STACK, items="stacks"),
            "Stacks outside the conventional layout, and settings of stacks in it.",
            "discovery",
            default="by folder",
            looser=StackEntries(STACK),
            sets=STACK_ENTRIES,
        ),
        Key(
            "not_stacks",
            ListOf(FOLDERS, items="paths and patterns from the root of the repository"),
            "Directories, or patterns of directories, whose root modules are not stacks, with everything below "
            "them. They are excluded from patterns of `stacks` and from reports.",
            "discovery, check, doctor",
            looser=Added("root modules in {items} are no longer reported when they are not in a stack"),
        ),
        Key(
            "before_plan",
            COMMANDS,
            "Commands that run before each stack is planned, for example to build a package that it deploys. They are "
            "read from the protected branch (docs/how-to/before-plan.md).",
            "terraform, impact",
            looser=Commands(),
        ),
        Key(
            "submodules",
            Converted(PATHS_OR_ALL, _convert_submodules),
            "Git submodules to check out: `true` for all, or a list of their paths. A nested submodule is listed by "
            "its "
            "path from the root of the repository. The URLs are those in `.gitmodules` on the protected branch "
            "(docs/how-to/existing-repository.md).",
            "discovery, impact, terraform",
            looser=Added(
                "{items} is fetched, read and planned: anyone with push access to it can change what an updated commit "
                "contains",
                show=lambda path: "every submodule" if path == EVERY else f"the submodule {path}",
            ),
        ),
        Key(
            "teams",
            MapOf(ListOf(WORD, items="names"), defines="team", items="lists of names"),
            "Teams and their members.",
            "gate approvals",
            looser=AddedMembers("approvals by {items} count as approvals by the team {item}"),
        ),
        Key(
            "people",
            NamedRecords(PERSON, "person", "people", lambda name, _: Person(name)),
            "People: the email addresses of their commits, and their accounts.",
            "gate approvals",
            looser=Entries(
                PERSON,
                gone="commits by {name} are no longer recognized as theirs",
                nothing=Person(""),
            ),
        ),
        Key(
            "signers",
            NORMAL_PATH,
            "File with the SSH public keys of people, in the `allowed_signers` format of ssh-keygen.",
            "approvals",
            looser=_CHANGED,
        ),
        Key(
            "branch",
            Text("a branch name", BRANCH_NAME),
            "Name of the protected branch.",
            "trust root",
            default="the branch that this file was read from",
            looser=_CHANGED,
        ),
        Key(
            "remote",
            Text("the name of a remote", REMOTE_NAME),
            "Name of the Git remote.",
            "trust root",
            default="the remote that this file was read from",
            looser=_CHANGED,
        ),
        Key(
            "forge",
            FORGE,
            "Connection to GitHub or GitLab.",
            "the forge",
            default="from the CI environment, or from the URL of the remote",
            looser=Inside(FORGE),
        ),
        Key(
            "terraform",
            TERRAFORM,
            "Terraform or OpenTofu: binary, version and timeouts.",
            "terraform",
            looser=Inside(TERRAFORM),
        ),
        Key(
            "ledger",
            ReservedPrefix(Text("`git`, or `sqlite:PATH` with a path inside the repository", _LEDGER), "postgres"),
            "Storage of the ledger.",
            "ledger",
            looser=_CHANGED,
        ),
        Key(
            "ledger_id",
            Text("a ledger id", re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")),
            "Id of the ledger, as `terrace doctor` prints it. A ledger with another id is refused.",
            "ledger",
            default="any",
            looser=Changed("a ledger other than {old} is accepted", unless=("",)),
        ),
        Key("backups", BACKUPS, "Storage and encryption of state backups.", "deploy", looser=Inside(BACKUPS)),
        Key(
            "policies",
            POLICY_FOLDERS,
            "Directories of Rego policies, with their data.",
            "check policy",
            looser=PolicyFolders(),
            sets=Spread(split_policies, lambda config: config.policy_folders),
        ),
        Key(
            "policy_pack",
            POLICY_PACK,
            "The policy pack, which stays inside Terrace: its pinned version, and the settings of its rules.",
            "check policy",
            default="none",
            looser=PinnedPack(POLICY_PACK),
        ),
        Key(
            "waivers",
            WAIVERS,
            "Limits for waivers.",
            "check, waive, baseline",
            looser=Inside(WAIVERS),
        ),
        Key("audit", AUDIT, "Scheduled audit of the deployed configuration.", "tick", looser=Inside(AUDIT)),
    ),
    makes=Config,
    later=frozenset({"notify", "calendars"}),
    rules=(check_order, check_people),
)


def terrace_record(checks: DeclaredChecks) -> Record[Config]:
    """Returns the record of the whole file: TERRACE, the key `checks`, and the keys that belong to checks."""
    return _terrace_record(tuple(checks.values()))


@lru_cache(maxsize=8)
def _terrace_record(checks: tuple[DeclaredCheck, ...]) -> Record[Config]:
    by_name = {check.name: check for check in checks}
    advisory = ", ".join(check.name for check in checks if check.level == "advisory")
    record = checks_record(by_name)
    key = Key(
        "checks",
        record,
        "Level of each check.",
        "check",
        default=f"advisory: {advisory}; required: all others",
        looser=Inside(record),
        sets=Spread(partial(split_checks, by_name), lambda config: {**config.checks, "fail_on": config.fail_on}),
    )
    return replace(TERRACE, keys=(*TERRACE.keys, key, *(settings.entry for settings in settings_of(by_name))))


_SECTIONS: tuple[tuple[str, Record[Any]], ...] = (
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
    ("policy_pack", POLICY_PACK),
    ("waivers", WAIVERS),
    ("audit", AUDIT),
)


def sections(checks: DeclaredChecks) -> tuple[tuple[str, Record[Any]], ...]:
    """Returns every record of the file under the name by which the reference lists it."""
    own = ((settings.key.name, settings.record) for settings in settings_of(checks) if settings.record is not None)
    levels = (("checks", checks_record(checks)), ("checks.NAME", CHECK))
    return (("terrace.yaml", terrace_record(checks)), *_SECTIONS, *levels, *own)
