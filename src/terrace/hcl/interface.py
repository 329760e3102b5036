"""What a module shows to those who call it: what it needs, takes, gives and makes. Read from its text, never run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol

from terrace.hcl.facts import BUILTIN, implied_provider
from terrace.hcl.layout import is_override
from terrace.hcl.literals import NoLiteral, value_of, written
from terrace.hcl.syntax import attributes, blocks, everything, first_error, head, parse, text_of
from terrace.hcl.terraform_json import read_terraform_json

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that a module uses. `name` is the local one, with its alias (`aws.west`); `source` is as required, or
    what Terraform takes where nothing is required; `version` is "" when none is asked for."""

    name: str
    source: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One validation of an input: the message when it is a plain text, and the condition as it is written."""

    condition: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A variable. `type` and `default` are as they are written; `default` is None when a value must be given."""

    name: str
    description: str = ""
    type: str = "any"
    default: str | None = None
    sensitive: bool = False
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """A value that the module gives."""

    name: str
    description: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Managed:
    """Something that the module makes, or looks up, by its address without the module."""

    name: str
    kind: Literal["resource", "data source", "ephemeral"]


@dataclass(frozen=True, slots=True)
class Called:
    """A module that the module calls. `source` is as written when it is no literal; `version` "" when there is none."""

    name: str
    source: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """All of it, each list sorted by name. `terraform` are the constraints on Terraform, `required` those on providers
    by local name."""

    terraform: tuple[str, ...] = ()
    required: tuple[Provider, ...] = ()
    providers: tuple[Provider, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    resources: tuple[Managed, ...] = ()
    modules: tuple[Called, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read, so that nothing is known of its module. `line` is from 1; 0: not known."""

    file: str
    line: int
    why: str


def read_interface(files: Mapping[str, bytes]) -> Interface | Unread:
    """The interface of the module that these files make, by their names in its folder.

    Override files are merged over the others; of `a.tf` and `a.tofu` the latter counts, as OpenTofu has it.
    """
    hidden = {
        f"{name.removesuffix(tofu)}{plain}"
        for tofu, plain in ((".tofu", ".tf"), (".tofu.json", ".tf.json"))
        for name in files
        if name.endswith(tofu)
    }
    gathered = _Gathered()
    for name in sorted(files.keys() - hidden, key=lambda name: (is_override(name), name)):
        found = _read(name, files[name])
        if isinstance(found, Unread):
            return found
        for kind, labels, body in found:
            gathered.add(kind, labels, body, over=is_override(name))
    return gathered.interface()


# --- one block in either syntax -----------------------------------------------------------------------------------


class _Body(Protocol):
    """The inside of a block."""

    def names(self) -> Iterable[str]: ...
    def text(self, name: str) -> str | None: ...
    def source(self, name: str) -> str | None: ...
    def fields(self, name: str) -> Mapping[str, str]: ...
    def inner(self, kind: str) -> list[_Body]: ...


_LABELS = {"variable": 1, "output": 1, "module": 1, "resource": 2, "data": 2, "ephemeral": 2}
_Block = tuple[str, tuple[str, ...], _Body]


def _read(name: str, content: bytes) -> list[_Block] | Unread:
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return Unread(name, content.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
    if name.endswith(".json"):
        return _read_json(name, text)
    root = parse(content).root_node
    if root.has_error:
        return Unread(name, first_error(root), "there is a syntax error")
    # A `check` may look something up for itself.
    every = [
        inner for block in blocks(root) for inner in (block, *(blocks(block) if head(block)[0] == "check" else ()))
    ]
    return [(kind, tuple(labels), _Native(block)) for block in every for kind, labels in (head(block),)]


class _Native:
    """A block of the native syntax."""

    def __init__(self, block: Node) -> None:
        self._block = block
        self._given = dict(attributes(block))

    def names(self) -> Iterable[str]:
        return self._given

    def text(self, name: str) -> str | None:
        return _text(self._given[name]) if name in self._given else None

    def source(self, name: str) -> str | None:
        return _source(self._given[name]) if name in self._given else None

    def fields(self, name: str) -> Mapping[str, str]:
        found = {}
        for node in everything(self._given[name]):
            if node.type == "object":
                for element in node.named_children:
                    if element.type == "object_elem" and len(element.named_children) == 2:
                        key, value = element.named_children
                        text = _text(value)
                        found[text_of(key).strip('"')] = _source(value) if text is None else text
                break
        return found

    def inner(self, kind: str) -> list[_Body]:
        return [_Native(block) for block in blocks(self._block) if head(block)[0] == kind]


def _text(expression: Node) -> str | None:
    """The text that an expression is, a heredoc too; None when it is more than a text."""
    inner = expression
    while inner.type in ("expression", "literal_value", "template_expr") and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    if inner.type == "heredoc_template":
        return _heredoc(inner)
    try:
        value = value_of(inner)
    except (NoLiteral, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _heredoc(node: Node) -> str | None:
    if any(child.type in ("template_interpolation", "template_directive") for child in node.named_children):
        return None
    first, *lines = text_of(node).split("\n")
    lines = lines[:-1]
    if first.startswith("<<-"):
        lines = _dedented(lines)
    return "".join(f"{line}\n" for line in lines).replace("$${", "${").replace("%%{", "%{")


def _source(expression: Node) -> str:
    """An expression as a reader wants it: literals as `terraform fmt` has them, all else as it stands."""
    try:
        return written(value_of(expression))
    except (NoLiteral, RecursionError):
        first, *lines = text_of(expression).split("\n")
    if not lines:
        return first.rstrip()
    closing = len(lines[-1]) - len(lines[-1].lstrip(" \t"))
    cut = min([closing, *(len(line) - len(line.lstrip(" \t")) for line in lines if line.strip())])
    return "\n".join([first.rstrip(), *(line[cut:].rstrip() for line in lines)])


def _dedented(lines: list[str]) -> list[str]:
    depth = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
    return [line[depth:] for line in lines]


def _read_json(name: str, text: str) -> list[_Block] | Unread:
    try:
        found = read_terraform_json(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        return Unread(name, error.lineno, "it is not JSON")
    except (ValueError, RecursionError):
        return Unread(name, 1, "it cannot be read as JSON")
    tops = [top for top in _listed(found) if isinstance(top, dict)]
    tops += [check for top in tops for _, check in _unfolded(top.get("check"), 1)]
    return [
        (kind, names, _Json(body))
        for top in tops
        for kind, depth in {**_LABELS, "terraform": 0}.items()
        for names, body in _unfolded(top.get(kind), depth)
    ]


def _unfolded(value: Any, depth: int, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for one in _listed(value):
        if isinstance(one, dict):
            if depth == 0:
                yield names, one
            else:
                for name, inner in one.items():
                    yield from _unfolded(inner, depth - 1, (*names, str(name)))


class _Json:
    """A block of the JSON syntax."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def names(self) -> Iterable[str]:
        return self._given

    def text(self, name: str) -> str | None:
        value = self._given.get(name)
        return value if isinstance(value, str) else None

    def source(self, name: str) -> str | None:
        if name not in self._given:
            return None
        value = self._given[name]
        if name in ("type", "condition", "provider") and isinstance(value, str):
            # Expressions stand in strings there.
            return value.removeprefix("${").removesuffix("}") if value.startswith("${") else value
        return _as_written(value)

    def fields(self, name: str) -> Mapping[str, str]:
        value = self._given[name]
        if isinstance(value, str):
            return {"version": value}
        pairs = value.items() if isinstance(value, dict) else ()
        return {str(key): one if isinstance(one, str) else _as_written(one) for key, one in pairs}

    def inner(self, kind: str) -> list[_Body]:
        return [_Json(one) for one in _listed(self._given.get(kind)) if isinstance(one, dict)]


def _as_written(value: Any) -> str:
    try:
        return written(value)
    except (NoLiteral, RecursionError):
        return json.dumps(value, ensure_ascii=False, default=str)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class _Merged:
    """A block with the blocks of override files over it: their attributes count, and their inner blocks by kind."""

    def __init__(self, over: _Body, base: _Body) -> None:
        self._over, self._base = over, base

    def _who(self, name: str) -> _Body:
        return self._over if name in self._over.names() else self._base

    def names(self) -> Iterable[str]:
        return {*self._over.names(), *self._base.names()}

    def text(self, name: str) -> str | None:
        return self._who(name).text(name)

    def source(self, name: str) -> str | None:
        return self._who(name).source(name)

    def fields(self, name: str) -> Mapping[str, str]:
        return self._who(name).fields(name)

    def inner(self, kind: str) -> list[_Body]:
        return self._over.inner(kind) or self._base.inner(kind)


# --- all of a module ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Gathered:
    """The blocks of a module while they are found; what is declared twice counts once."""

    found: dict[tuple[str, tuple[str, ...]], _Body] = field(default_factory=dict)
    terraform: list[str] = field(default_factory=list)
    required: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def add(self, kind: str, labels: tuple[str, ...], body: _Body, *, over: bool) -> None:
        if kind == "terraform":
            self._settings(body, over=over)
            return
        if _LABELS.get(kind) != len(labels):
            return
        key = (kind, labels)
        self.found[key] = _Merged(body, self.found[key]) if over and key in self.found else body

    def _settings(self, body: _Body, *, over: bool) -> None:
        version = body.text("required_version")
        if version is not None:
            self.terraform = [version] if over else [*self.terraform, version]
        for inner in body.inner("required_providers"):
            for name in inner.names():
                text = inner.text(name)
                self.required[name] = {"version": text} if text is not None else inner.fields(name)

    def interface(self) -> Interface:
        def of(kind: str) -> list[tuple[str, _Body]]:
            return sorted(
                ((".".join(labels), body) for (what, labels), body in self.found.items() if what == kind),
                key=lambda one: one[0],
            )

        managed = [
            *(Managed(name, "resource") for name, _ in of("resource")),
            *(Managed(f"data.{name}", "data source") for name, _ in of("data")),
            *(Managed(f"ephemeral.{name}", "ephemeral") for name, _ in of("ephemeral")),
        ]
        return Interface(
            terraform=tuple(self.terraform),
            required=tuple(self._provider(name) for name in sorted(self.required)),
            providers=tuple(self._provider(name) for name in sorted(self._used())),
            inputs=tuple(_input(name, body) for name, body in of("variable")),
            outputs=tuple(
                Output(name, body.text("description") or "", _yes(body, "sensitive")) for name, body in of("output")
            ),
            resources=tuple(sorted(managed, key=lambda one: (one.name, one.kind))),
            modules=tuple(
                Called(name, body.text("source") or body.source("source") or "", body.text("version") or "")
                for name, body in of("module")
            ),
        )

    def _used(self) -> set[str]:
        """The providers of everything that is made or looked up, and those that a caller has to pass."""
        used = set()
        for (kind, labels), body in self.found.items():
            if kind in ("resource", "data", "ephemeral"):
                said = (body.text("provider") or body.source("provider") or "").strip('"')
                used.add(said or implied_provider(labels[0]))
        for name, settings in self.required.items():
            aliases = settings.get("configuration_aliases", "").strip("[] \n")
            used |= {alias.strip() for alias in aliases.split(",") if alias.strip().startswith(f"{name}.")}
        return used

    def _provider(self, name: str) -> Provider:
        local = name.partition(".")[0]
        asked = self.required.get(local, {})
        source = BUILTIN if local == "terraform" else f"hashicorp/{local}"
        return Provider(name, asked.get("source", source), asked.get("version", ""))


def _input(name: str, body: _Body) -> Input:
    typed = body.text("type") or body.source("type") or "any"
    sensitive = _yes(body, "sensitive")
    default = body.source("default")
    return Input(
        name=name,
        description=body.text("description") or "",
        type=typed,
        # A value that is to be kept secret is not told again.
        default="(sensitive)" if sensitive and default not in (None, "null", '""') else default,
        sensitive=sensitive,
        rules=tuple(
            Rule(inner.source("condition") or "", inner.text("error_message") or "")
            for inner in body.inner("validation")
        ),
    )


def _yes(body: _Body, name: str) -> bool:
    return body.source(name) == "true"
