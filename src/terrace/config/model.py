"""`terrace.yaml` as it is meant: every default filled in, every name resolved. `load` makes it from text.

Nobody downstream meets None where the file was silent; None here always means "there is no such thing".
Durations are `timedelta`; commands are argv tuples, never shell text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from terrace.config.before_plan import BeforePlan

if TYPE_CHECKING:
    from terrace.config.checks import DeclaredChecks, Settings

T = TypeVar("T")

EVERY = "*"
"""The member of `Config.submodules` that means every submodule of the repository, and none that lies in another one."""


DEFAULT_WORKSPACE = "default"
"""The workspace of Terraform that always exists."""


Level = Literal["required", "advisory", "off"]
Grade = Literal["info", "low", "medium", "high", "critical"]
RiskLevel = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Who must say yes: `count` people in all, `roles` people of a team each. One person fills one role.

    An approval older than `expires` does not count. With `unsigned` an approval known only by the local Git
    identity counts too, and is shown as such.
    """

    count: int = 0
    roles: Mapping[str, int] = field(default_factory=dict)
    expires: timedelta = timedelta(hours=24)
    unsigned: bool = False

    @property
    def asked(self) -> bool:
        return self.count > 0 or any(n > 0 for n in self.roles.values())


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """GET `url` until it answers `expect` (and holds `contains`), each try at most `timeout`."""

    url: str
    expect: int = 200
    contains: str | None = None
    timeout: timedelta = timedelta(seconds=10)
    attempts: int = 3
    name: str = ""


@dataclass(frozen=True, slots=True)
class CommandProbe:
    """Run `argv` in the stack's or repository's folder; exit 0 passes. Outputs arrive as TERRACE_OUTPUT_<NAME>."""

    argv: tuple[str, ...]
    timeout: timedelta = timedelta(minutes=5)
    name: str = ""


Probe = HttpProbe | CommandProbe


@dataclass(frozen=True, slots=True)
class Credentials:
    """Variables of the child's environment: name -> where the value is (`env:NAME`) or the value itself."""

    plan: Mapping[str, str] = field(default_factory=dict)
    apply: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a release is watched once it is live: it bakes for `bake`, and is measured every `every` meanwhile.

    It is healthy when at least `passes` of the last `of` measurements passed, and sick when they no longer can.
    """

    bake: timedelta = timedelta(0)
    every: timedelta = timedelta(seconds=30)
    passes: int = 3
    of: int = 5


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Drift that somebody answers for: `attributes` of addresses that `address` (a glob) names, all of them if none
    is named. It holds until the end of the day `until`, and never hides a deletion."""

    address: str
    owner: str
    reason: str
    until: date
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remediate:
    """What of drift may be taken back by Terrace: updates of `allow`ed attributes (by a glob of types), no more than
    `at_most` objects and `share` percent of a stack at once. `approvals`: who agrees; None: as to a deployment."""

    approvals: ApprovalRule | None = None
    allow: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"*": ("tags", "tags_all")})
    at_most: int = 5
    share: int = 20


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How an environment is watched for drift. `every` zero: only when somebody asks. No `remediate`: never.

    `logs` are the places where the cloud logs who changed what.
    """

    every: timedelta = timedelta(0)
    ignore: tuple[IgnoreRule, ...] = ()
    remediate: Remediate | None = None
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Volatile:
    """What differs each time it is planned: an approval does not cover the values of the attributes in `allow`
    (`address.attribute`, `output.NAME`)."""

    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RiskRule:
    """What a release of some risk needs besides: `approvals` on top of the usual ones; `blocked`: it may not enter."""

    approvals: ApprovalRule = ApprovalRule()
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """One step of the ladder. `after` is the environment whose success a release needs first.

    `rollback` says who must agree to going back; None: the same people as to a deployment. A `protected`
    environment is never destroyed. `risk` is what a release needs from a level of risk on, by that level.
    `rpo` is how old the newest proven copy of a state may be, `rto` how long bringing one back may take; None: nobody
    said.
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

    @property
    def asks(self) -> bool:
        """Whether people may be asked to approve a deployment there."""
        return self.approvals.asked or any(rule.approvals.asked for rule in self.risk.values())


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may approve. `emails` tie commits to them, so that nobody approves their own.

    `login` is their account on the forge, "" where it is called as they are.
    """

    name: str
    emails: tuple[str, ...] = ()
    login: str = ""


@dataclass(frozen=True, slots=True)
class TerraformSettings:
    """Which binary, which version. `binary`: "auto", "terraform", "tofu", "embedded", or a path.

    `parallel` is how many Terraform processes may run at once; 0 lets the memory of the machine decide. `fast` says
    what goes through the fast lane: plans, plans and applies, or nothing. `lock_wait` is how long a command waits for
    somebody else's lock of a state. The timeouts are how long commands may run, 0 for no end: `init`, a plan and
    whatever else only reads, and what writes a state other than an apply. An apply has none.
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
    """Where state backups go (`url`: any object store; empty: the local artifact folder), and what seals them.

    With `recipients` (age) whoever holds none of their identities writes copies and cannot read them; `identity` says
    where one is that can. Without, `key` says where 32 base64-encoded bytes are. Both are `env:NAME`. Without
    recipients and without a key there is no backup and so no deployment.
    """

    url: str = ""
    key: str = "env:TERRACE_BACKUP_KEY"
    recipients: tuple[str, ...] = ()
    identity: str = "env:TERRACE_BACKUP_IDENTITY"


@dataclass(frozen=True, slots=True)
class StackSetting:
    """One entry of `stacks:` for another layout, or for `after` between stacks of the conventional one. `line` is where
    it is in the file, 0 where that is not known."""

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
    """One entry of `stacks:` for many folders: `path` has a `*`, and the texts may have captures such as `{1}`.

    `name` is "" where each stack is called as its folder.
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
    """Where changes are talked about: `repository` is its path on the forge, `api` the root of the forge's API.

    Empty: as the run of CI or the remote says. `deployments`, `issues` and `code_scanning`: whether deployments, what
    drifts, and findings of a change are shown there. `reviewed`: whether only what somebody else approved is deployed.
    `releases`: where the tag of a deployment becomes a release with notes.
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
    """How everything that stands is looked at. `every` zero: only when somebody asks."""

    every: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class CheckSetting:
    """How much one check weighs: `required` blocks when it fails or could not be made, `advisory` only tells.

    What it finds below `fail_on` is only told; None: as `Config.fail_on` says.
    """

    level: Level = "required"
    fail_on: Grade | None = None


@dataclass(frozen=True, slots=True)
class WaiverRules:
    """How waivers are granted: for how long at most."""

    longest: timedelta = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class PolicyFolder:
    """One entry of `policies:`. `input` is the document that its policies evaluate: Terrace's view, or the plan."""

    path: str
    input: Literal["view", "plan"] = "view"
    namespaces: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlainPolicies:
    """What a folder of policies for the plain plan needs: the packages that judge (none named: all), and folders of
    data beside it."""

    namespaces: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file. `environments` go up the ladder; `source` is "terrace.yaml", or "" when there is none.

    `before_plan` are the commands that run before every stack is planned.
    `stack_patterns` are those entries of `stacks:` that match many folders; `not_stacks` are folders, or patterns of
    them, whose root modules are in no stack on purpose. `submodules` are the paths of the submodules that are checked
    out, or `*` for every one that lies in no other one.
    `settings` are the values of the keys that belong to checks; `setting` reads them.
    `shown` are those of `policies` that were written for `terraform show -json`. `view_data` are the folders of data of
    those that were written for Terrace's view, where terrace.yaml names them: other files there are no data.
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
    shown: Mapping[str, PlainPolicies] = field(default_factory=dict)
    view_data: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_stacks: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()
    fail_on: Grade = "info"
    waivers: WaiverRules = WaiverRules()
    audit: AuditSettings = AuditSettings()
    source: str = ""
    former: tuple[Environment, ...] = ()
    """Environments that this configuration no longer names and that still hold something, as an earlier one named them:
    found by their names, and among no others."""
    known_checks: DeclaredChecks = field(default_factory=dict, compare=False, repr=False)
    """The checks that exist, as `load` was given them."""

    @property
    def judging(self) -> tuple[str, ...]:
        """Every folder that policies judge from: theirs, and those of their data."""
        return (*self.policies, *(folder for one in self.shown.values() for folder in one.data))

    @property
    def policy_folders(self) -> Mapping[str, PolicyFolder]:
        """The entries of `policies:` by folder."""
        plain = {path: PolicyFolder(path, "plan", one.namespaces, one.data) for path, one in self.shown.items()}
        return {
            path: plain.get(path) or PolicyFolder(path, data=self.view_data.get(path, ())) for path in self.policies
        }

    def environment(self, name: str) -> Environment:
        """The environment of that name. Raises BadInput with the nearest right name when there is none."""
        from terrace.config.naming import no_such

        for environment in (*self.environments, *self.former):
            if environment.name == name:
                return environment
        raise no_such("environment", name, [e.name for e in self.environments])

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
        """The least severity that holds a change, of what a check finds."""
        setting = self.checks.get(check)
        return (setting.fail_on if setting is not None else None) or self.fail_on


def policy_version(config: bytes, signers: bytes, judging: Mapping[str, str]) -> str:
    """What the rules are called: 16 hexadecimal characters that change with any byte of what judges.

    That is terrace.yaml, the signers, and the files that `judging` names with the ids of their contents: policies and
    their data, waivers, the baseline.
    """
    lengths = f"{len(config)} {len(signers)}\n".encode()
    files = "".join(f"{path}\0{content}\n" for path, content in sorted(judging.items()))
    told = files.encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"terrace policy 1\n" + lengths + config + signers + told).hexdigest()[:16]
