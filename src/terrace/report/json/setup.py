"""Output of the commands that set up, check and run Terrace itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from terrace.errors import TerraceError
from terrace.gates.model import Outcome
from terrace.report.json.parts import RefusedStack
from terrace.report.json.record import Counts, JsonRecord

ToolState = Literal["ready", "missing", "refused"]
RequirementState = Literal["ok", "missing", "optional"]
LaneVerdict = Literal["same", "different", "plain", "volatile"]
DeliveryState = Literal["waiting", "begun", "failed", "done", "ignored", "dead"]

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]


class ErrorJson(JsonRecord, tag_field="schema", tag="terrace/error@1"):
    """Output of any command that ends with an error."""

    error: str
    """Error."""
    hint: str | None
    """Suggested fix, or null."""
    place: str | None
    """`file:line` of the error, or null."""


def error_json(error: TerraceError) -> ErrorJson:
    """Returns the output of a command that ends with an error."""
    return ErrorJson(error=error.message, hint=error.hint, place=str(error.place) if error.place else None)


class ConfigProblem(JsonRecord):
    """A problem in terrace.yaml."""

    file: str
    """File."""
    line: int
    """Line."""
    column: int
    """Column."""
    message: str
    """Problem."""
    hint: str | None
    """Suggested fix, or null."""


class ConfigCheckJson(JsonRecord, tag_field="schema", tag="terrace/config-check@1"):
    """Output of `terrace config check`."""

    ok: bool
    """True if the file has no problem."""
    problems: tuple[ConfigProblem, ...]
    """Problems."""
    stacks: int | UnsetType = UNSET
    """Number of stacks; only of a file without problems."""
    refused: tuple[RefusedStack, ...] | UnsetType = UNSET
    """Stacks that Terrace refuses; only of a file without problems."""
    in_no_stack: tuple[str, ...] | UnsetType = UNSET
    """Root modules that belong to no stack; only of a file without problems."""


class PolicyTest(JsonRecord):
    """A test of the policies."""

    name: str
    """Name of the test."""
    package: str
    """Rego package."""
    place: str
    """`file:line` of the test."""
    passed: bool
    """True if the test passed."""
    printed: tuple[str, ...]
    """Lines that the test printed."""


class CoveredFile(JsonRecord):
    """Test coverage of a policy file."""

    path: str
    """Path of the file."""
    percent: float
    """Share of lines that tests reach."""
    missed: tuple[str, ...]
    """Lines, or ranges of lines, that no test reaches."""


class PolicyTestJson(JsonRecord, tag_field="schema", tag="terrace/policy-test@1"):
    """Output of `terrace policy test`."""

    tests: tuple[PolicyTest, ...]
    """Tests."""
    coverage: tuple[CoveredFile, ...]
    """Coverage by file; empty where a test fails."""
    rego_v0: tuple[str, ...]
    """Folders in the old syntax of Rego."""
    broken: tuple[str, ...]
    """Reasons why the tests of some folders could not run."""


class InspectedValue(JsonRecord):
    """A value of the plan that a message depends on."""

    path: str
    """Path of the value."""
    value: Any
    """Value."""


class PolicyMessage(JsonRecord):
    """A message of a policy rule."""

    rule: str
    """Name of the rule."""
    message: str
    """Message."""
    status: Literal["fail", "unknown"]
    """Status of a finding with this message."""
    address: str | None
    """Address of the resource."""
    hangs_on: tuple[InspectedValue, ...]
    """Values that the message depends on."""
    absent: tuple[str, ...]
    """Paths that the rule read and that the plan does not have."""


class PolicyTryJson(JsonRecord, tag_field="schema", tag="terrace/policy-try@1"):
    """Output of `terrace policy try`."""

    package: str
    """Rego package of the rule."""
    resources: int
    """Number of resources in the plan."""
    messages: tuple[PolicyMessage, ...]
    """Messages of the rule."""
    lacks: tuple[str, ...]
    """Facts that the plan file leaves out, in sentences."""


class ToolRow(JsonRecord):
    """A third-party tool."""

    name: str
    """Name of the tool."""
    state: ToolState
    """`refused`: a version that Terrace never runs."""
    purpose: str
    """Purpose of the tool."""
    missing_means: str
    """Features that are not available without the tool."""
    pinned: str
    """Version that `terrace tools install` installs."""
    path: str | UnsetType = UNSET
    """Path of the tool; only where it exists."""
    where: Literal["terrace", "path"] | UnsetType = UNSET
    """`terrace` if Terrace installed it, `path` if it is on PATH; left out if it is missing."""
    version: str | UnsetType = UNSET
    """Version of the tool, empty where unknown; only where it exists."""


class ToolsJson(JsonRecord, tag_field="schema", tag="terrace/tools@1"):
    """Output of `terrace tools`."""

    folder: str
    """Folder of the tools that Terrace installed."""
    tools: tuple[ToolRow, ...]
    """Tools."""


class DoctorRow(JsonRecord):
    """One check of `terrace doctor`."""

    what: str
    """Name of the thing."""
    state: RequirementState
    """`optional`: missing, and only some commands need it."""
    found: str
    """Result of the check."""
    how: str
    """How to fix it; empty where nothing is missing."""


class DoctorJson(JsonRecord, tag_field="schema", tag="terrace/doctor@1"):
    """Output of `terrace doctor`."""

    ok: bool
    """True if nothing required is missing."""
    rows: tuple[DoctorRow, ...]
    """Checks."""


class LaneRow(JsonRecord):
    """Plans of one stack with and without the fast lane."""

    stack: str
    """Key of the stack."""
    verdict: LaneVerdict
    """`plain`: planned without the fast lane; `volatile`: every plan differs."""
    plain: float
    """Seconds without the fast lane."""
    lane: float
    """Seconds with the fast lane."""


class DoctorLaneJson(JsonRecord, tag_field="schema", tag="terrace/doctor-lane@1"):
    """Output of `terrace doctor --lane ENV`."""

    environment: str
    """Environment."""
    stacks: tuple[LaneRow, ...]
    """Stacks."""


class KeptFile(JsonRecord):
    """A generated file that a person changed and that was left unchanged."""

    path: str
    """Path of the file."""
    diff: str
    """Changes that Terrace would make."""


class OtherFile(JsonRecord):
    """A file of the repository that does the same as a generated one."""

    path: str
    """Path of the generated file."""
    theirs: str
    """Path of the existing file."""


class GithubSetting(JsonRecord):
    """A setting that only an administrator can make."""

    what: str
    """Setting."""
    why: str
    """Reason."""
    where: str
    """Place of the setting."""
    commands: tuple[str, ...]
    """Commands that make it."""


class PinnedAction(JsonRecord):
    """The version of an action that the generated workflows use."""

    version: str
    """Tag of the version."""
    commit: str
    """Full commit id that the workflows name."""


class GithubLock(JsonRecord, tag_field="schema", tag="terrace/github-lock@1", forbid_unknown_fields=False):
    """The file `.github/terrace.lock.json`, which `terrace init github` writes."""

    terrace: str
    """Version of Terrace that wrote the files."""
    clouds: tuple[str, ...]
    """Clouds whose trust policies were requested."""
    actions: Mapping[str, PinnedAction]
    """Pinned actions by name."""
    files: Mapping[str, Sha256]
    """SHA-256 of each generated file as it was written, without the versions of actions, by path."""


class InitGithubJson(JsonRecord, tag_field="schema", tag="terrace/init-github@1"):
    """Output of `terrace init github`."""

    written: tuple[str, ...]
    """Files that were, or would be, written."""
    removed: tuple[str, ...]
    """Files that were, or would be, removed."""
    kept: tuple[KeptFile, ...]
    """Files that a person changed."""
    missed: tuple[str, ...]
    """Generated files that a person removed."""
    settings: tuple[GithubSetting, ...]
    """Settings that only an administrator can make."""
    elsewhere: tuple[OtherFile, ...]
    """Existing files that do the same as generated ones."""


class GitlabSetting(JsonRecord):
    """A setting that only a maintainer can make."""

    what: str
    """Setting."""
    why: str
    """Reason."""
    where: str
    """Place of the setting."""


class InitGitlabJson(JsonRecord, tag_field="schema", tag="terrace/init-gitlab@1"):
    """Output of `terrace init gitlab`."""

    written: tuple[str, ...]
    """Files that were written."""
    file: str
    """Text of the pipeline."""
    settings: tuple[GitlabSetting, ...]
    """Settings that only a maintainer can make."""


class DeliveryPart(JsonRecord):
    """A webhook delivery."""

    id: str
    """Id of the delivery."""
    event: str
    """Event of the forge."""
    state: DeliveryState
    """`dead`: failed permanently."""
    attempts: int
    """Number of attempts."""
    received_at: str
    """Time at which it was received."""
    said: str
    """Result of the newest attempt."""


class InboxJson(JsonRecord, tag_field="schema", tag="terrace/inbox@1"):
    """Output of `terrace inbox`; with `--retry` only `retried`."""

    count: Counts | UnsetType = UNSET
    """Number of deliveries by state."""
    deliveries: tuple[DeliveryPart, ...] | UnsetType = UNSET
    """Deliveries."""
    retried: str | UnsetType = UNSET
    """Id of the delivery that is retried."""


class ChatopsJson(JsonRecord, tag_field="schema", tag="terrace/chatops@1"):
    """Output of `terrace chatops`."""

    answered: bool
    """True if the event held a command for Terrace."""
    done: bool | None
    """True if the command succeeded; null where there was none."""
    environment: str
    """Environment in which the second pass continues; empty where there is none."""
    happened: str
    """Result in one sentence."""
    reasons: tuple[str, ...]
    """Reasons for the result."""


class ReviewPart(JsonRecord):
    """A review of a run."""

    login: str
    """Account of the reviewer."""
    answer: Literal["approve", "reject"]
    """Answer of the person."""
    counts: bool
    """True if a person in terrace.yaml has that account."""


class ReviewedJson(JsonRecord, tag_field="schema", tag="terrace/reviewed@1"):
    """Output of `terrace approve ENV HANDLE --from-run`."""

    environment: str
    """Environment."""
    reviews: tuple[ReviewPart, ...]
    """Reviews of the run."""
    verdict: Outcome | None
    """Verdict of the gates; null where no review was recorded."""
