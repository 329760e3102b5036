"""The configuration: terrace.yaml with every default filled in and every name resolved. `load` creates it from text.

A missing key has its default here, so None always means that there is no such thing. Durations are `timedelta`;
commands are argv tuples, never shell text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from terrace.config.before_plan import BeforePlan
from terrace.config.naming import unknown_name_error

if TYPE_CHECKING:
    from terrace.config.checks import DeclaredChecks, Settings

T = TypeVar("T")

EVERY = "*"
"""The member of `Config.submodules` for all submodules of the repository, without nested ones."""


DEFAULT_WORKSPACE = "default"
"""The Terraform workspace that always exists."""


Level = Literal["required", "advisory", "off"]
Grade = Literal["info", "low", "medium", "high", "critical"]
RiskLevel = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """The required approvals: `count` people in total, and for each team in `roles` so many of its members.

    One person counts for one team only. An approval is valid for `expires`. With `unsigned`, an approval that only the
    local Git identity attests is valid as well, and is reported as such.
    """

    count: int = 0
    roles: Mapping[str, int] = field(default_factory=dict)
    expires: timedelta = timedelta(hours=24)
    unsigned: bool = False

    @property
    def requires_any(self) -> bool:
        """True if any approval is required."""
        return self.count > 0 or any(n > 0 for n in self.roles.values())


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A GET of `url` that must return the status `expect` and a body with `contains`, within `timeout` an attempt."""

    url: str
    expect: int = 200
    contains: str | None = None
    timeout: timedelta = timedelta(seconds=10)
    attempts: int = 3
    name: str = ""


@dataclass(frozen=True, slots=True)
class CommandProbe:
    """A command that runs in the directory of the stack or the repository, and passes with exit code 0.

    Outputs are passed as variables TERRACE_OUTPUT_<NAME>.
    """

    argv: tuple[str, ...]
    timeout: timedelta = timedelta(minutes=5)
    name: str = ""


Probe = HttpProbe | CommandProbe


@dataclass(frozen=True, slots=True)
class Credentials:
    """Environment variables for Terraform: name -> the variable that has the value (`env:NAME`), or the value."""

    plan: Mapping[str, str] = field(default_factory=dict)
    apply: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rollout:
    """The health measurements of a new release: one every `every`, for the time `bake`.

    The release is healthy when at least `passes` of the last `of` measurements passed, and unhealthy as soon as that
    number can no longer be reached.
    """

    bake: timedelta = timedelta(0)
    every: timedelta = timedelta(seconds=30)
    passes: int = 3
    of: int = 5


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Accepted drift: `attributes` of the addresses that match `address` (a glob), or all attributes if it is empty.

    It is valid until the end of the day `until`, and never applies to a deletion.
    """

    address: str
    owner: str
    reason: str
    until: date
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remediate:
    """The drift that Terrace can revert: updates of the attributes in `allow`, by a glob of resource types.

    At most `at_most` resources and `share` percent of a stack are reverted together. `approvals` are the required
    approvals; None: those of a deployment.
    """

    approvals: ApprovalRule | None = None
    allow: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"*": ("tags", "tags_all")})
    at_most: int = 5
    share: int = 20


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """The drift checks of an environment. `every` zero: no scheduled checks. No `remediate`: drift is never reverted.

    `logs` are the locations of the cloud's activity logs.
    """

    every: timedelta = timedelta(0)
    ignore: tuple[IgnoreRule, ...] = ()
    remediate: Remediate | None = None
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Volatile:
    """Attributes whose planned values differ from plan to plan: approvals do not cover the values of those in `allow`
    (`address.attribute`, `output.NAME`)."""

    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RiskRule:
    """The additional requirements for a level of risk: `approvals` on top of the usual ones, or that releases are
    refused (`blocked`)."""

    approvals: ApprovalRule = ApprovalRule()
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of the promotion order. A release must be deployed successfully to `after` first.

    `rollback` are the required approvals for a rollback; None: those of a deployment. A `protected` environment is
    never destroyed. `risk` are the additional requirements for releases of at least that level of risk. `rpo` is the
    maximum age of the latest verified state backup, `rto` the maximum duration of a restore; None: no objective. `url`
    is where people open it; "" where terrace.yaml names none.
    """

    name: str
    after: str | None = None
    deploy: Literal["manual", "automatic"] = "manual"
    soak: timedelta = timedelta(0)
    approvals: ApprovalRule = ApprovalRule()
    smoke: tuple[Probe, ...] = ()
    health: tuple[Probe, ...] = ()
    rollout: Rollout = Rollout()
    on_failure: Literal["pause", "rollback"] = "pause"
    rollback: ApprovalRule | None = None
    protected: bool = False
    credentials: Credentials = Credentials()
    env: tuple[str, ...] = ()
    rpo: timedelta | None = None
    rto: timedelta | None = None
    drift: DriftSettings = DriftSettings()
    volatile: Volatile = Volatile()
    risk: Mapping[RiskLevel, RiskRule] = field(default_factory=dict)
    url: str = ""

    @property
    def can_require_approval(self) -> bool:
        """True if a deployment can require an approval."""
        return self.approvals.requires_any or any(rule.approvals.requires_any for rule in self.risk.values())


@dataclass(frozen=True, slots=True)
class Person:
    """A person who can approve. `emails` identify their commits, which they cannot approve.

    `login` is their account on the forge; "" means that it equals `name`.
    """

    name: str
    emails: tuple[str, ...] = ()
    login: str = ""


@dataclass(frozen=True, slots=True)
class TerraformSettings:
    """The binary and its version. `binary`: "auto", "terraform", "tofu", "embedded", or a path.

    `parallel` is the maximum number of Terraform processes at the same time; 0: as the memory of the machine allows.
    `fast` is the use of the fast lane: plans, plans and applies, or not at all. `lock_wait` is the time to wait for the
    lock of a state that another process holds. The timeouts, 0 for no limit, are for `init`, for plans and other
    read-only commands, and for commands that write a state. An apply has no timeout.
    """

    binary: str = "auto"
    version: str = ">= 1.6"
    parallel: int = 0
    fast: Literal["auto", "plan-only", "off"] = "plan-only"
    lock_wait: timedelta = timedelta(seconds=20)
    init_timeout: timedelta = timedelta(minutes=15)
    plan_timeout: timedelta = timedelta(hours=1)
    state_timeout: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Backups:
    """The storage of state backups (`url`: any object store; empty: a local directory), and their encryption.

    With `recipients` (age), only their identities can decrypt backups; `identity` is the variable that has one. Without
    recipients, `key` is the variable that has 32 bytes in base64. Both are `env:NAME`. Without recipients and without a
    key there are no backups, and so no deployments. `logs` is how long the logs of deployments are kept there.
    """

    url: str = ""
    key: str = "env:TERRACE_BACKUP_KEY"
    recipients: tuple[str, ...] = ()
    identity: str = "env:TERRACE_BACKUP_IDENTITY"
    logs: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class StackSetting:
    """One entry of `stacks:` for a single directory. `line` is its line in the file, 0 if there is none."""

    path: str
    environment: str
    name: str
    after: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    backend_config: Mapping[str, str] = field(default_factory=dict)
    workspace: str = DEFAULT_WORKSPACE
    backend_files: tuple[str, ...] = ()
    before_plan: tuple[BeforePlan, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class StackPattern:
    """One entry of `stacks:` as it is in the file. In `Config` it has a pattern: `path` has a `*`, and the other values
    can have captures such as `{1}`.

    `name` is "" where each stack has the name of its directory.
    """

    path: str
    environment: str
    name: str = ""
    after: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    backend_config: Mapping[str, str] = field(default_factory=dict)
    workspace: str = DEFAULT_WORKSPACE
    backend_files: tuple[str, ...] = ()
    before_plan: tuple[BeforePlan, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ForgeSettings:
    """The connection to the forge: `repository` is the path of the repository, `api` the root URL of the API.

    Empty: taken from the CI environment or the remote. `deployments`, `issues` and `code_scanning`: whether
    deployments, drift and findings are published there. `reviewed`: whether commits need an approval by someone other
    than their author. `releases`: where the tag of a deployment becomes a release with notes.
    """

    repository: str = ""
    api: str = ""
    deployments: Literal["shown", "off"] = "shown"
    issues: Literal["drift", "off"] = "drift"
    reviewed: Literal["required", "off"] = "off"
    code_scanning: Literal["shown", "off"] = "shown"
    releases: Literal["production", "off"] = "off"


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The scheduled audit of the deployed configuration. `every` zero: no scheduled audits."""

    every: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class CheckSetting:
    """The level of one check: `required` blocks when the check fails or cannot run, `advisory` only reports.

    Findings below `fail_on` are only reported; None: `Config.fail_on` applies.
    """

    level: Level = "required"
    fail_on: Grade | None = None


@dataclass(frozen=True, slots=True)
class WaiverRules:
    """The limits for waivers: `longest` is their maximum lifetime."""

    longest: timedelta = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class PolicyFolder:
    """One entry of `policies:`. `input` is the input document of the policies: Terrace's view, or the plan."""

    path: str
    input: Literal["view", "plan"] = "view"
    namespaces: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlainPolicies:
    """The settings of a policy directory whose input is the plan: the packages that are evaluated (none: all), and the
    directories of data."""

    namespaces: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyPack:
    """The pinned policy pack, which stays inside Terrace, with the settings of its rules.

    Its rules are enforced only if the pack of the installed Terrace has this `hash`.
    """

    version: int
    hash: str
    required_tags: tuple[str, ...] = ("Environment", "Owner", "CostCenter", "Project")
    protected_environments: tuple[str, ...] = ("prod", "production")
    open_ports: tuple[int, ...] = (80, 443)
    least_backup_days: int = 7
    least_key_deletion_days: int = 14
    allowed_regions: tuple[str, ...] = ()
    unknown: Literal["block", "advisory"] = "block"
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file. `environments` are in promotion order. `source` is "terrace.yaml", or "" when there is no file.

    `before_plan` are the commands that run before every stack is planned. `stack_patterns` are the entries of `stacks:`
    with a pattern; `not_stacks` are directories, or patterns, whose root modules are not stacks. `submodules` are the
    paths of the submodules to check out, or `*` for all that are not nested. `settings` are the values of the keys that
    belong to checks; `setting` reads them. `shown` are the `policies` whose input is `terraform show -json`.
    `view_data` are the directories of data of the other policies, where the file lists some: other files are ignored.
    """

    environments: tuple[Environment, ...] = ()
    stacks: tuple[StackSetting, ...] = ()
    stack_patterns: tuple[StackPattern, ...] = ()
    before_plan: tuple[BeforePlan, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    signers: str = ".terrace/allowed_signers"
    branch: str = "main"
    remote: str = "origin"
    forge: ForgeSettings = ForgeSettings()
    terraform: TerraformSettings = TerraformSettings()
    ledger: str = "git"
    ledger_id: str = ""
    backups: Backups = Backups()
    checks: Mapping[str, CheckSetting] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    policy_pack: PolicyPack | None = None
    shown: Mapping[str, PlainPolicies] = field(default_factory=dict)
    view_data: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_stacks: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()
    fail_on: Grade = "info"
    waivers: WaiverRules = WaiverRules()
    audit: AuditSettings = AuditSettings()
    source: str = ""
    former: tuple[Environment, ...] = ()
    """Environments that an earlier configuration had and that still have live resources. `environment` returns them;
    they are not part of `environments`."""
    known_checks: DeclaredChecks = field(default_factory=dict, compare=False, repr=False)
    """The checks that exist, as `load` was given them."""

    @property
    def has_policies(self) -> bool:
        """True if terrace.yaml names any policies."""
        return bool(self.policies) or self.policy_pack is not None

    @property
    def policy_sources(self) -> tuple[str, ...]:
        """Every directory that policies are evaluated from: their own, and those of their data."""
        return (*self.policies, *(folder for policies in self.shown.values() for folder in policies.data))

    @property
    def policy_folders(self) -> Mapping[str, PolicyFolder]:
        """The entries of `policies:` by directory."""
        plain = {
            path: PolicyFolder(path, "plan", settings.namespaces, settings.data)
            for path, settings in self.shown.items()
        }
        return {
            path: plain.get(path) or PolicyFolder(path, data=self.view_data.get(path, ())) for path in self.policies
        }

    def environment(self, name: str) -> Environment:
        """Returns the environment of that name. Raises BadInput with the nearest name as the hint if there is none."""
        for environment in (*self.environments, *self.former):
            if environment.name == name:
                return environment
        raise unknown_name_error("environment", name, [e.name for e in self.environments])

    def level(self, check: str) -> Level:
        """Returns the level of a check: the one that terrace.yaml sets, else the check's own default."""
        if check in self.checks:
            return self.checks[check].level
        return self.known_checks[check].level if check in self.known_checks else "required"

    def setting(self, settings: Settings[T]) -> T:
        """Returns the value of a key that belongs to a check."""
        value: T = self.settings.get(settings.key.name, settings.default)
        return value

    def fails_on(self, check: str) -> Grade:
        """Returns the minimum severity at which a finding of a check blocks a change."""
        setting = self.checks.get(check)
        return (setting.fail_on if setting is not None else None) or self.fail_on


def policy_version(config: bytes, signers: bytes, files: Mapping[str, str]) -> str:
    """Returns the version of the rules: 16 hexadecimal characters that change with any byte of the rules.

    The rules are terrace.yaml, the signers, and `files` by path, with the ids of their contents: policies and
    their data, waivers, known findings.
    """
    lengths = f"{len(config)} {len(signers)}\n".encode()
    listing = "".join(f"{path}\0{content}\n" for path, content in sorted(files.items()))
    rules = listing.encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"terrace policy 1\n" + lengths + config + signers + rules).hexdigest()[:16]
