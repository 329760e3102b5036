"""Errors of Terraform with hints."""

from __future__ import annotations

import re

from terrace.adapters.terraform.backend_errors import explain
from terrace.clouds.all import CLOUDS
from terrace.config.naming import quote_word
from terrace.errors import Diagnostic, StateLock, StateLocked, TerraformFailed
from terrace.words import and_more

_LOCK = re.compile(r"^\s*(ID|Who|Operation|Created):\s*(.+?)\s*$", re.MULTILINE)

_COLOR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_FRAME = re.compile(r"^[ \t]*[│╷╵] ?")

_NAMELESS = re.compile(r"HTTP remote state already locked:\s*ID=([0-9A-Za-z-]+)")

_NO_PACKAGES = "Failed to query available provider packages"
_PROVIDER = re.compile(r"provider ([A-Za-z0-9./_-]+)")

_HINTS: tuple[tuple[str, str], ...] = (
    *(
        (sign, f"name the credentials in terrace.yaml: environments.<env>.credentials, or `env: [{variable}]`")
        for cloud in CLOUDS.values()
        for sign, variable in cloud.credential_hints
    ),
    (
        _NO_PACKAGES,
        "check the provider's source and version and the network, or name a mirror in TERRACE_PROVIDER_MIRRORS",
    ),
    (
        "Inconsistent dependency lock file",
        "run `terraform init` in that folder and commit .terraform.lock.hcl",
    ),
    ("No value for required variable", "set it in terraform.tfvars in the stack's folder"),
    ("Saved plan is stale", "the state changed after the plan; deploy again, which creates a new plan"),
)

_INTRODUCTIONS = (
    "Terraform encountered problems during initiali",
    "OpenTofu encountered problems during initiali",
    "Error: Terraform encountered problems",
)

_DAMAGED_STATE = ("Unsupported state file format", "does not have the expected content")
"""Messages about a state in the backend that Terraform cannot read. It cannot be replaced by a push either."""

STALE_DATA = (
    "Required plugins are not installed",
    "Backend initialization required",
    "Module not installed",
    "Module source has changed",
    "Module version requirements have changed",
)
"""Summaries after which `init` is run again: for example after another process cleaned the cache."""


PROVIDER_DIED = ("Plugin did not respond", "Plugin error", "Request cancelled")
"""Summaries for a provider that crashed during a call. The resource may have been created. Which summary is printed
depends on whether its process or its connection was lost first."""


STATE_NOT_WRITTEN = ("Failed to save state", "Failed to persist state", "Failed to create local state file")
"""Starts of summaries after which the backend does not have the state of this apply. Terraform writes it to
errored.tfstate where it can; without that file the created resources are in no state."""


def unknown_outcome(diagnostics: tuple[Diagnostic, ...]) -> str:
    """Returns why the effects of a failed apply are unknown, by its diagnostics; "" where they are known."""
    if any(d.severity == "error" and d.summary.startswith(STATE_NOT_WRITTEN) for d in diagnostics):
        return (
            "the backend did not accept the state, and Terraform did not write errored.tfstate: the created "
            "resources are not in any state"
        )
    lost = [d.address or "" for d in diagnostics if d.severity == "error" and d.summary in PROVIDER_DIED]
    if not lost:
        return ""
    actions = ", ".join(sorted(filter(None, lost))) or "something"
    return f"the provider crashed during {actions}: the outcome is unknown, and Terrace does not run it again"


def failure(
    product: str, command: str, stack: str, code: int, diagnostics: tuple[Diagnostic, ...], rest: str
) -> TerraformFailed:
    """Returns the error for a command that failed with `code`. `rest` is its output outside of the JSON stream."""
    diagnostics = without_introduction(diagnostics)
    # Diagnostics with a place first, in the order of their places: Terraform's order differs from run to run.
    errors = tuple(sorted((d for d in diagnostics if d.severity == "error"), key=_by_place))
    if not errors:
        reason = plain_text(rest) or f"it exited with {code} and printed nothing"
        errors = (Diagnostic("error", reason[:2000]),)
    locked = next((d for d in errors if "acquiring the state lock" in d.summary), None)
    if locked is not None:
        return _lock_error(stack, locked, diagnostics)
    text = f"{errors[0].summary} {errors[0].detail}"
    hint = next((hint for sign, hint in _HINTS if sign in text), None)
    known = explain(errors[0]) if hint is None else None
    place = errors[0].place
    if known is not None:
        hint = known.hint
    elif hint is None and place is not None:
        hint = f"edit {place}, and try it with `terrace plan {quote_word(stack)}`"
    if any(sign in text for sign in _DAMAGED_STATE):
        hint = (
            "the state in the backend is damaged, and Terraform does not overwrite it. Move that object away (a "
            "versioned bucket may have an intact version) and, with a DynamoDB table, the item with its MD5 sum; "
            f"then run `terrace state restore {quote_word(stack)}`"
        )
    more = f" ({and_more(len(errors) - 1)})" if len(errors) > 1 else ""
    reason = (errors[0].summary or errors[0].detail) + _of_provider(errors[0])
    if known is not None:
        reason = f"{errors[0].address}: {known.sentence}" if errors[0].address else known.sentence
    message = f"{product} {command} of {stack} failed: {reason}{more}"
    return TerraformFailed(message, diagnostics=diagnostics or errors, hint=hint, place=place)


def without_introduction(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Returns the diagnostics without the one in which `init` only announces the others."""
    rest = tuple(d for d in diagnostics if not d.summary.startswith(_INTRODUCTIONS))
    return rest if any(d.severity == "error" for d in rest) else diagnostics


def _of_provider(diagnostic: Diagnostic) -> str:
    """Returns the provider that cannot be installed, for the end of the title, which does not name it; else ""."""
    named = _PROVIDER.search(diagnostic.detail)
    return f" for {named[1]}" if named is not None and diagnostic.summary.startswith(_NO_PACKAGES) else ""


def _by_place(diagnostic: Diagnostic) -> tuple[bool, str, int, int]:
    place = diagnostic.place
    return (True, "", 0, 0) if place is None else (False, place.path, place.line, place.column)


def plain_text(text: str) -> str:
    """Returns Terraform's terminal output as plain text, without colors and without the frame around a message."""
    lines = (_FRAME.sub("", line).rstrip() for line in _COLOR.sub("", text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _lock_holder(stack: str, lock: str, diagnostics: tuple[Diagnostic, ...]) -> StateLocked:
    """Returns the error for a lock of the HTTP backend, which reports the lock's id only: the details that Terraform
    prints describe the requester, not the holder."""
    return StateLocked(
        f"the state of {stack} is locked; its HTTP backend does not report the holder (lock {lock})",
        lock=StateLock(lock, "", "", ""),
        diagnostics=diagnostics,
        hint="find out who holds it; Terrace never breaks a lock of another process",
    )


def _lock_error(stack: str, locked: Diagnostic, diagnostics: tuple[Diagnostic, ...]) -> StateLocked:
    # Commands without JSON output print it all in one text.
    text = f"{locked.summary}\n{locked.detail}"
    nameless = _NAMELESS.search(text)
    if nameless is not None:
        return _lock_holder(stack, nameless[1], diagnostics)
    info = dict(_LOCK.findall(text))
    if "Who" not in info:
        return StateLocked(
            f"the state of {stack} cannot be locked: {locked.detail.strip().splitlines()[0] if locked.detail else ''}",
            diagnostics=diagnostics,
            hint="check that the backend can be reached and written to",
        )
    operation = info.get("Operation", "").removeprefix("OperationType")
    return StateLocked(
        f"the state of {stack} is locked by {info['Who']} since {info.get('Created', 'an unknown time')}"
        + (f" ({operation.lower()})" if operation else ""),
        lock=StateLock(info.get("ID", ""), info["Who"], operation, info.get("Created", "")),
        diagnostics=diagnostics,
        hint="wait until they are done, or ask them; Terrace never breaks a lock of another process."
        + (
            f" If its process has ended, release it in the folder of the stack: terraform force-unlock {info['ID']}"
            if "ID" in info
            else ""
        ),
    )
