"""Users' own configuration of scanners: what of it is honoured, and what is refused because it would run code.

Only keys that choose among a scanner's own rules, or say what they compare with, are passed on.
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
    """Files for the scanner by name, made of what is honoured; `ignored` are the keys that are not, by file."""

    files: Mapping[str, bytes]
    ignored: tuple[tuple[str, str], ...] = ()


FILES: Mapping[str, tuple[str, ...]] = {
    "checkov": (".checkov.yaml", ".checkov.yml"),
    "trivy": ("trivy.yaml", ".trivyignore"),
    "tflint": (".tflint.hcl",),
    "gitleaks": (".gitleaks.toml", ".gitleaksignore"),
    "trufflehog": (),
}
"""Which files of the root of the repository each scanner is configured by."""

HONOURED: Mapping[str, tuple[str, ...]] = {
    "checkov": ("check", "skip-check", "skip-path", "evaluate-variables", "deep-analysis"),
    "trivy": ("severity", "scan.skip-dirs", "scan.skip-files"),
    "tflint": ("config: disabled_by_default", "plugin terraform: enabled, preset", "rule"),
    "gitleaks": ("title", "description", "extend.useDefault", "extend.disabledRules", "rules", "allowlist(s)"),
}
"""What is honoured of them, for people; the rest is said to be ignored."""


_DEEPEST = 20


def settings(scanner: str, found: Mapping[str, bytes]) -> Settings:
    """What to give a scanner. Raises BadInput when a file cannot be read: then nothing is known of what it asks."""
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
        raise BadInput(f"it cannot be read: {first}", hint="mend it", place=Place(name)) from error
    # A path or an address would lead to files that nobody of the protected branch has agreed to.
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
        raise BadInput(f"it cannot be read: {first}", hint="mend it", place=Place(name)) from error
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise BadInput("it is no mapping", hint="mend it", place=Place(name))
    return told


def _check_nesting(name: str, events: Iterable[Any]) -> None:
    """Raises BadInput for values that are deep, and for aliases: a few lines of either take all time or memory."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST or isinstance(event, AliasEvent):
            why = "aliases are not used here" if depth <= _DEEPEST else f"it is nested more than {_DEEPEST} times"
            raise BadInput(f"it cannot be read: {why}", hint="mend it", place=Place(name))


def _tflint(found: Mapping[str, bytes]) -> Settings:
    from terrace.hcl.syntax import attributes, blocks, head, parse, text_of

    name = ".tflint.hcl"
    tree = parse(found.get(name, b""))
    if tree.root_node.has_error:
        raise BadInput("it cannot be read", hint="mend its syntax", place=Place(name))
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
    # Whatever a rule has is values.
    "rule": frozenset(),
}
