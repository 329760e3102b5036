"""The configuration files of scanners in a user's repository. Keys that would run code are ignored.

Only keys that select among a scanner's own rules, or set their parameters, are passed on.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from terrace.errors import BadInput, Place


@dataclass(frozen=True, slots=True)
class Settings:
    """Files for the scanner by name, with the keys that are passed on; `ignored` are the other keys, by file."""

    files: Mapping[str, bytes]
    ignored: tuple[tuple[str, str], ...] = ()


FILES: Mapping[str, tuple[str, ...]] = {
    "checkov": (".checkov.yaml", ".checkov.yml"),
    "trivy": ("trivy.yaml", ".trivyignore"),
    "tflint": (".tflint.hcl",),
    "gitleaks": (".gitleaks.toml", ".gitleaksignore"),
    "trufflehog": (),
}
"""Configuration files of each scanner, in the root of the repository."""

HONOURED: Mapping[str, tuple[str, ...]] = {
    "checkov": ("check", "skip-check", "skip-path", "evaluate-variables", "deep-analysis"),
    "trivy": ("severity", "scan.skip-dirs", "scan.skip-files"),
    "tflint": ("config: disabled_by_default", "plugin terraform: enabled, preset", "rule"),
    "gitleaks": ("title", "description", "extend.useDefault", "extend.disabledRules", "rules", "allowlist(s)"),
}
"""Keys of each scanner that are passed on, for people; the others are reported as ignored."""


_DEEPEST = 20


def settings(scanner: str, found: Mapping[str, bytes]) -> Settings:
    """Returns the files for a scanner. Raises BadInput when a file cannot be read: then its settings are unknown."""
    readers: Mapping[str, Callable[[Mapping[str, bytes]], Settings]] = {
        "checkov": _checkov,
        "trivy": _trivy,
        "tflint": _tflint,
        "gitleaks": _gitleaks,
    }
    return readers[scanner](found) if scanner in readers else Settings({})


def _checkov(found: Mapping[str, bytes]) -> Settings:
    name, text = next(iter(found.items()), (".checkov.yaml", b""))
    told = _yaml(name, text)
    kept = {key: value for key, value in told.items() if key in HONOURED["checkov"]}
    ignored = tuple((name, str(key)) for key in told if key not in kept)
    # JSON is YAML; an empty file is refused.
    return Settings({"checkov.yaml": json.dumps(kept or {"compact": True}, default=str).encode()}, ignored)


def _trivy(found: Mapping[str, bytes]) -> Settings:
    told = _yaml("trivy.yaml", found.get("trivy.yaml", b""))
    kept: dict[str, Any] = {}
    ignored = []
    for key, value in told.items():
        if key == "severity":
            kept[key] = value
        elif key == "scan" and isinstance(value, dict):
            kept[key] = {inner: value[inner] for inner in ("skip-dirs", "skip-files") if inner in value}
            ignored += [f"scan.{inner}" for inner in value if inner not in kept[key]]
        else:
            ignored.append(str(key))
    files = {"trivy.yaml": json.dumps(kept, default=str).encode(), "trivyignore": found.get(".trivyignore", b"")}
    return Settings(files, tuple(("trivy.yaml", key) for key in ignored))


def _gitleaks(found: Mapping[str, bytes]) -> Settings:
    name = ".gitleaks.toml"
    text = found.get(name, b"[extend]\nuseDefault = true\n")
    try:
        told = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise BadInput(f"it cannot be read: {first}", hint="fix it", place=Place(name)) from error
    # A path or a URL would lead to files that are not on the protected branch.
    ignored = tuple((name, f"extend.{key}") for key in ("path", "url") if key in told.get("extend", {}))
    if ignored:
        text = re.sub(rb"(?m)^\s*(path|url)\s*=.*$", b"", text, count=len(ignored))
    return Settings({"gitleaks.toml": text, "gitleaksignore": found.get(".gitleaksignore", b"")}, ignored)


def _yaml(name: str, text: bytes) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        _check_nesting(name, yaml.parse(text.decode()))
        told = yaml.load(text.decode())
    except (YAMLError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise BadInput(f"it cannot be read: {first}", hint="fix it", place=Place(name)) from error
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise BadInput("it is not a mapping", hint="fix it", place=Place(name))
    return told


def _check_nesting(name: str, events: Iterable[Any]) -> None:
    """Raises BadInput for deep nesting and for aliases: a few lines of either can use up time or memory."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST or isinstance(event, AliasEvent):
            why = "aliases are not allowed" if depth <= _DEEPEST else f"it is nested more than {_DEEPEST} levels deep"
            raise BadInput(f"it cannot be read: {why}", hint="fix it", place=Place(name))


def _tflint(found: Mapping[str, bytes]) -> Settings:
    from terrace.hcl.syntax import attributes, blocks, head, parse, text_of

    name = ".tflint.hcl"
    tree = parse(found.get(name, b""))
    if tree.root_node.has_error:
        raise BadInput("it cannot be read", hint="fix the syntax error", place=Place(name))
    kept, ignored = [], []
    for block in blocks(tree.root_node):
        kind, labels = head(block)
        called = " ".join((kind, *labels))
        wanted = _TFLINT.get(called, _TFLINT.get(kind) if kind == "rule" else None)
        if wanted is None:
            ignored.append((name, called))
            continue
        lines = [f"  {key} = {text_of(value)}" for key, value in attributes(block) if not wanted or key in wanted]
        ignored += [(name, f"{called}.{key}") for key, _ in attributes(block) if wanted and key not in wanted]
        kept.append("\n".join((" ".join((kind, *(json.dumps(label) for label in labels))) + " {", *lines, "}")))
    return Settings({"tflint.hcl": "\n".join(kept).encode()}, tuple(ignored))


_TFLINT: Mapping[str, frozenset[str]] = {
    "config": frozenset({"disabled_by_default"}),
    "plugin terraform": frozenset({"enabled", "preset"}),
    # All settings of a rule are values.
    "rule": frozenset(),
}
