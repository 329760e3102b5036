"""`terraform show -json` -> Plan, once and for all: typed, flat, masked, with its digest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from terrace.errors import Diagnostic
from terrace.plans import decode, json_format
from terrace.plans.configured_attributes import Configured
from terrace.plans.differences import EVERYTHING, Comparison
from terrace.plans.digest import DigestKey, plan_digest, volatile_attributes
from terrace.plans.instances import Evaluation
from terrace.plans.links import links, references
from terrace.plans.masking import changed_secrets, mask, paths
from terrace.plans.model import Action, CheckResult, OutputChange, Path, Plan, ResourceChange, Value
from terrace.plans.partly_known_json import Documents
from terrace.plans.schemas import Unsettable
from terrace.plans.secrets import Secrets
from terrace.plans.sources import Sources
from terrace.plans.value_marks import marks
from terrace.plans.volatile_values import find_volatile_attributes
from terrace.stacks.model import Stack

ROOT = b"<root>"
"""Replaces the path of the private checkout in values."""

_ACTIONS = {
    ("no-op",): Action.NO_OP,
    ("read",): Action.READ,
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("forget",): Action.FORGET,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
}


def read_plan(
    document: bytes,
    *,
    stack: Stack,
    commit: str,
    key: DigestKey,
    root: str,
    lock: bytes,
    comparison: Comparison = EVERYTHING,
    diagnostics: tuple[Diagnostic, ...] = (),
    sources: Sources | None = None,
    unsettable: Unsettable | None = None,
    prepared: str = "",
) -> Plan:
    """Returns the plan of a document. `root` is the path of the checkout, `lock` the dependency lock file in use.

    `comparison` selects the changes that are not part of the digest, `diagnostics` what Terraform said while it
    planned. `sources` are the files of its configuration. Without them the document is taken at its word about what is
    not set, though it has no `dynamic` blocks: right for plans that are only looked at. `unsettable` are the paths that
    only the providers set; without them only `id`, `arn`, `self_link` are known to be. `prepared` is a digest of the
    files that commands wrote for the plan.

    Raises NotAPlan if the document is not a plan, and BadInput if its format is unknown.
    """
    if len(root) > 1:
        document = document.replace(json.dumps(root)[1:-1].encode(), ROOT)
    decoded = decode.decode(document)
    secrets = Secrets(decoded)
    configured = Configured(decoded, sources, unsettable or {})
    changes = [_change(resource, secrets, key, configured) for resource in decoded.resources]
    evaluation = Evaluation(decoded, sources) if sources is not None and sources.whole else None
    documents = Documents(configured, changes, evaluation)
    outputs = tuple(_output(name, change, secrets) for name, change in sorted(decoded.output_changes.items()))
    return Plan(
        stack=stack,
        commit=commit,
        digest=plan_digest(decoded, lock, key, comparison, prepared),
        volatile=volatile_attributes(decoded, comparison),
        moving=find_volatile_attributes(changes, outputs, sources.clock, comparison.allowed)
        if sources is not None
        else (),
        changes=tuple(_with_documents(change, documents, secrets) for change in changes),
        outputs=outputs,
        drift=tuple(_drift(resource, secrets, key, comparison) for resource in decoded.resource_drift),
        checks=tuple(_check(check, secrets) for check in decoded.checks),
        warnings=tuple(_warning(diagnostic, secrets) for diagnostic in diagnostics if diagnostic.severity == "warning"),
        deferred=tuple(_describe_deferred(deferred_change) for deferred_change in decoded.deferred_changes),
        links=tuple(sorted({*links(decoded.configuration), *_resolve(configured)})),
        references=references(decoded.configuration),
        origins=_origins(configured),
        format_version=decoded.format_version,
        terraform_version=decoded.terraform_version,
        errored=decoded.errored,
        complete=_complete(decoded, diagnostics),
        lacks=tuple(decoded.lacks),
        unmarked=tuple(secrets.find_unmarked(decoded)),
        secrets=secrets.texts,
    )


def _origins(configured: Configured) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    origins = {block: configured.origins(block) for block in configured.blocks()}
    return {
        block: {name: tuple(dict.fromkeys(o.block for o in ends)) for name, ends in attributes.items()}
        for block, attributes in origins.items()
        if attributes
    }


def _resolve(configured: Configured) -> Iterator[tuple[str, str]]:
    for block in configured.blocks():
        for ends in configured.origins(block).values():
            yield from ((block, end.block) for end in ends if end.block != block)


def _with_documents(change: ResourceChange, documents: Documents, secrets: Secrets) -> ResourceChange:
    if not change.unknown or change.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE):
        return change
    values = documents.of(change)
    evaluated = documents.evaluate(change)
    unset = tuple((name,) for name, value in evaluated.items() if value is None)
    return replace(
        change,
        documents=secrets.hide_anywhere(values),
        taken=documents.find_sources(change),
        filled=documents.find_filled(change),
        unset=(*change.unset, *unset),
        evaluated=secrets.hide_anywhere({name: value for name, value in evaluated.items() if value is not None}),
    )


PARTIAL = "Resource targeting is in effect"
"""What Terraform and OpenTofu warn of where `-target` or `-exclude` leaves a part out; OpenTofu's plan has no trace."""


def _complete(document: json_format.Document, diagnostics: Iterable[Diagnostic]) -> bool:
    if any(diagnostic.summary == PARTIAL for diagnostic in diagnostics):
        return False
    whole = not document.errored if document.complete is None else document.complete
    return whole and not document.deferred_changes and not document.planned_only


def _action(change: json_format.Change) -> Action:
    return _ACTIONS.get(tuple(change.actions), Action.UNKNOWN)


def _drift(resource: json_format.Resource, secrets: Secrets, key: DigestKey, comparison: Comparison) -> ResourceChange:
    """Returns the changes outside Terraform, without the attributes that the provider computes and no configuration can
    set.
    """
    current = json_format.value(resource.change.after)
    change = replace(_change(resource, secrets, key, None), after_marks=marks(resource.address, current, key))
    noise = comparison.unsettable(resource)
    if not noise or change.action is not Action.UPDATE:
        return change
    return replace(
        change,
        before=_less(change.before, noise),
        after=_less(change.after, noise),
        before_marks=_less(change.before_marks, noise),
        after_marks=_less(change.after_marks, noise),
        changed_secrets=tuple(path for path in change.changed_secrets if not path or path[0] not in noise),
    )


def _less(value: Any, names: frozenset[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: inner for name, inner in value.items() if name not in names}


def _change(
    resource: json_format.Resource, secrets: Secrets, key: DigestKey, configured: Configured | None
) -> ResourceChange:
    change = resource.change
    action = _action(change)
    secret_after, unknown = json_format.value(change.after_sensitive), json_format.value(change.after_unknown)
    secret_before = json_format.value(change.before_sensitive)
    after = secrets.hide(mask(json_format.value(change.after), secret_after, unknown), bytes(change.after))
    # A no-op has the same value twice: one is enough, because most entries of a large plan are such.
    before: Value = after
    later = tuple(paths(unknown)) if unknown else ()
    before_marks: Mapping[str, str] = {}
    after_marks: Mapping[str, str] = {}
    secret_changes: tuple[Path, ...] = ()
    if action is not Action.NO_OP:
        was = json_format.value(change.before)
        before_marks = marks(resource.address, was, key)
        before = secrets.hide(mask(was, secret_before), bytes(change.before))
    if action in (Action.UPDATE, Action.REPLACE):
        # A value that is known only after apply differs anyway: it needs no mark.
        open_names = {str(path[0]) for path in later}
        planned = marks(resource.address, _less(json_format.value(change.after), frozenset(open_names)), key)
        after_marks = {**{name: mark for name, mark in before_marks.items() if name in open_names}, **planned}
        secret_changes = tuple(
            path
            for path in changed_secrets(
                json_format.value(change.before), before, json_format.value(change.after), after
            )
            if not path or str(path[0]) not in open_names
        )
    moved = resource.previous_address if resource.previous_address != resource.address else None
    return ResourceChange(
        address=resource.address,
        type=resource.type,
        name=resource.name,
        action=action,
        mode=resource.mode,
        module=resource.module_address,
        index=resource.index,
        provider=resource.provider_name,
        before=before,
        after=after,
        unknown=later,
        unset=configured.unset(resource, later) if configured is not None and later else (),
        sensitive=tuple(paths(secret_before if action is Action.DELETE else secret_after)),
        replace_paths=tuple(tuple(path) for path in change.replace_paths),
        reason=resource.action_reason,
        previous_address=moved,
        deposed=resource.deposed,
        importing=change.importing != json_format.NOTHING,
        create_first=change.actions == ["create", "delete"],
        before_marks=before_marks,
        after_marks=after_marks,
        changed_secrets=secret_changes,
    )


def _output(name: str, change: json_format.Change, secrets: Secrets) -> OutputChange:
    before_secret, after_secret = json_format.value(change.before_sensitive), json_format.value(change.after_sensitive)
    return OutputChange(
        name=name,
        action=_action(change),
        before=secrets.hide(mask(json_format.value(change.before), before_secret), bytes(change.before)),
        after=secrets.hide(
            mask(json_format.value(change.after), after_secret, json_format.value(change.after_unknown)),
            bytes(change.after),
        ),
        sensitive=bool(before_secret) or bool(after_secret),
    )


def _warning(diagnostic: Diagnostic, secrets: Secrets) -> Diagnostic:
    return replace(
        diagnostic,
        summary=_text_without_secrets(diagnostic.summary, secrets),
        detail=_text_without_secrets(diagnostic.detail, secrets),
    )


def _text_without_secrets(text: str, secrets: Secrets) -> str:
    """A text of Terraform or a provider, hidden as a whole where it holds a secret of the plan."""
    return str(secrets.hide(text, json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")))


def _describe_deferred(entry: json_format.Deferred) -> str:
    address = entry.resource_change.address if entry.resource_change is not None else "a change"
    why = f": {entry.reason.replace('_', ' ')}" if entry.reason else ""
    return f"Terraform put off {address} to a later plan{why}"


def _check(check: json_format.Check, secrets: Secrets) -> CheckResult:
    problems = tuple(
        _text_without_secrets(problem.message, secrets) for instance in check.instances for problem in instance.problems
    )
    return CheckResult(check.address.to_display, check.address.kind, check.status, problems)
