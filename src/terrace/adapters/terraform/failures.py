"""Terraform's refusals as errors that say what to do."""

from __future__ import annotations

import re

from terrace.clouds.all import CLOUDS
from terrace.config.naming import shell_word
from terrace.errors import Diagnostic, StateLock, StateLocked, TerraformFailed
from terrace.words import and_more

_LOCK = re.compile(r"^\s*(ID|Who|Operation|Created):\s*(.+?)\s*$", re.MULTILINE)

_COLOR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_FRAME = re.compile(r"^[ \t]*[│╷╵] ?")

_NAMELESS = re.compile(r"HTTP remote state already locked:\s*ID=([0-9A-Za-z-]+)")

_HINTS: tuple[tuple[str, str], ...] = (
    *(
        (sign, f"name the credentials in terrace.yaml: environments.<env>.credentials, or `env: [{variable}]`")
        for cloud in CLOUDS.values()
        for sign, variable in cloud.credential_hints
    ),
    (
        "Failed to query available provider packages",
        "check the provider's source and version, the network, or put a mirror into ~/.terraform.d/plugins",
    ),
    (
        "Inconsistent dependency lock file",
        "run `terraform init` in that folder and commit .terraform.lock.hcl",
    ),
    ("Unsupported Terraform Core version", "install the version that the configuration asks for"),
    ("No value for required variable", "give it a value in terraform.tfvars of the stack's folder"),
    ("Saved plan is stale", "the state moved after the plan was made; deploy again, it plans anew"),
)

_DAMAGED_STATE = ("Unsupported state file format", "does not have the expected content")
"""Signs of a state in the backend that Terraform cannot read: nothing can be pushed in its place either."""

STALE_DATA = (
    "Required plugins are not installed",
    "Backend initialization required",
    "Module not installed",
    "Module source has changed",
    "Module version requirements have changed",
)

"""Summaries that mean: initialise again. A cache that was cleaned by somebody says so at the first use."""


PROVIDER_DIED = ("Plugin did not respond", "Plugin error", "Request cancelled")
"""Summaries that mean: the provider ended in a call. What it was told to make may have been made. Which of them is
told depends on whether its process or its connection was missed first."""


STATE_NOT_WRITTEN = ("Failed to save state", "Failed to persist state", "Failed to create local state file")
"""How summaries begin that mean: the backend does not have the state of this apply. Terraform leaves it in
errored.tfstate where it can; without that file no state knows the objects that were created."""


def doubt(diagnostics: tuple[Diagnostic, ...]) -> str:
    """Why what a failed apply did is not known, by its diagnostics; "" when nothing speaks for that."""
    if any(d.severity == "error" and d.summary.startswith(STATE_NOT_WRITTEN) for d in diagnostics):
        return "the backend did not take the state, and Terraform left no errored.tfstate: its objects are in no state"
    lost = [d.address or "" for d in diagnostics if d.severity == "error" and d.summary in PROVIDER_DIED]
    if not lost:
        return ""
    what = ", ".join(sorted(filter(None, lost))) or "something"
    return f"the provider died while it worked on {what}: whether that was done is not known, and it is never run again"


def failure(
    product: str, command: str, stack: str, code: int, diagnostics: tuple[Diagnostic, ...], rest: str
) -> TerraformFailed:
    """The error for a command that ended with `code`. `rest` is what it said outside of the JSON stream."""
    # Those with a place first: `init` opens with a page that names no file.
    errors = tuple(sorted((d for d in diagnostics if d.severity == "error"), key=lambda d: d.place is None))
    if not errors:
        said = unframed(rest) or f"it ended with {code} and said nothing"
        errors = (Diagnostic("error", said[:2000]),)
    locked = next((d for d in errors if "acquiring the state lock" in d.summary), None)
    if locked is not None:
        return _locked(stack, locked, diagnostics)
    text = f"{errors[0].summary} {errors[0].detail}"
    hint = next((hint for sign, hint in _HINTS if sign in text), None)
    if any(sign in text for sign in _DAMAGED_STATE):
        hint = (
            "the state in the backend is damaged, and Terraform puts nothing in its place: move that object away (a "
            "bucket with versions may have a whole one), with a DynamoDB table also the item of its MD5 sum; then "
            f"`terrace state restore {shell_word(stack)}`"
        )
    more = f" ({and_more(len(errors) - 1)})" if len(errors) > 1 else ""
    said = errors[0].summary or errors[0].detail
    message = f"{product} {command} of {stack} failed: {said}{more}"
    return TerraformFailed(message, diagnostics=diagnostics or errors, hint=hint, place=errors[0].place)


def unframed(text: str) -> str:
    """What Terraform writes for a terminal, as plain text: without colors, and without the frame around a message."""
    lines = (_FRAME.sub("", line).rstrip() for line in _COLOR.sub("", text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _locked_by_somebody(stack: str, lock: str, diagnostics: tuple[Diagnostic, ...]) -> StateLocked:
    """The HTTP backend tells the lock's id; what Terraform prints besides is about whoever asks, not who holds it."""
    return StateLocked(
        f"the state of {stack} is locked, and its HTTP backend does not tell by whom (lock {lock})",
        lock=StateLock(lock, "", "", ""),
        diagnostics=diagnostics,
        hint="find out whose it is; Terrace never breaks somebody else's lock",
    )


def _locked(stack: str, locked: Diagnostic, diagnostics: tuple[Diagnostic, ...]) -> StateLocked:
    # Commands that do not speak JSON tell it all in one text.
    text = f"{locked.summary}\n{locked.detail}"
    nameless = _NAMELESS.search(text)
    if nameless is not None:
        return _locked_by_somebody(stack, nameless[1], diagnostics)
    info = dict(_LOCK.findall(text))
    if "Who" not in info:
        return StateLocked(
            f"the state of {stack} cannot be locked: {locked.detail.strip().splitlines()[0] if locked.detail else ''}",
            diagnostics=diagnostics,
            hint="check that the backend can be reached and written to",
        )
    what = info.get("Operation", "").removeprefix("OperationType")
    return StateLocked(
        f"the state of {stack} is locked by {info['Who']} since {info.get('Created', 'an unknown time')}"
        + (f" ({what.lower()})" if what else ""),
        lock=StateLock(info.get("ID", ""), info["Who"], what, info.get("Created", "")),
        diagnostics=diagnostics,
        hint="wait until they are done, or ask them; Terrace never breaks somebody else's lock"
        + (f" (lock {info['ID']})" if "ID" in info else ""),
    )
