"""Reads one configuration file, in either syntax, for its facts. It goes on after syntax errors and never raises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from terrace.stacks.facts import (
    FileFacts,
    ModuleCall,
    Part,
    Read,
    RequiredProvider,
    Settings,
    Template,
    implied_provider,
)
from terrace.stacks.literals import NoLiteral, unescaped, value_of, written
from terrace.stacks.syntax import attributes, blocks, everything, first_error, head, line_of, parse, text_of

if TYPE_CHECKING:
    import msgspec
from tree_sitter import Node

from terrace.stacks.terraform_json import read_terraform_json

READERS = frozenset(
    {
        "file",
        "fileexists",
        "filebase64",
        "templatefile",
        "filemd5",
        "filesha1",
        "filesha256",
        "filesha512",
        "filebase64sha256",
        "filebase64sha512",
    }
)
"""Functions whose first argument is the path of a file that they read."""

_UNKNOWN = Part("unknown")
_END = "END_OF_THE_TEXT_OF_JSON"
_DEEPEST = 200
_MOST_QUOTES = 10
"""Strings in strings that are looked into: nobody writes more, and whoever does waits for nothing."""
_OF_PROVIDERS = ("resource", "data", "ephemeral", "action")


def read_template(content: bytes) -> tuple[Read, ...]:
    """What a file reads that `templatefile` fills in: its expressions may call functions too."""
    gathered = _Gathered()
    text = content.decode("utf-8", "replace").replace(_END, "")
    gathered.reads_of(parse(f"x = <<{_END}\n{text}\n{_END}\n".encode()).root_node)
    # The line of the opening mark is none of the file.
    return tuple(msgspec.structs.replace(read, line=max(1, read.line - 1)) for read in gathered.reads)


def read_facts(path: str, content: bytes) -> FileFacts:
    """The facts of a file; `path` only tells the syntax (`.json` or not)."""
    if path.endswith(".json"):
        return _Gathered().of_json(content)
    gathered = _Gathered()
    tree = parse(content)
    gathered.of_body(tree.root_node)
    gathered.reads_of(tree.root_node)
    if tree.root_node.has_error:
        gathered.error_line = first_error(tree.root_node)
    return gathered.facts()


def _hash(record: object) -> str:
    return hashlib.sha256(json.dumps(record).encode("utf-8", "surrogateescape")).hexdigest()


class _Gathered:
    """Facts while they are found."""

    def __init__(self) -> None:
        self.modules: list[ModuleCall] = []
        self.reads: list[Read] = []
        self.backend: Settings | None = None
        self.states: list[Settings] = []
        self.locals: dict[str, Template] = {}
        self.defaults: dict[str, Template] = {}
        self.versions: list[str] = []
        self.providers: list[RequiredProvider] = []
        self.cloud_line = 0
        self.workspace_line = 0
        self.error_line = 0
        self.used: set[str] = set()

    def facts(self) -> FileFacts:
        init = [
            [(m.name, m.source, m.version) for m in self.modules],
            (self.backend.type, sorted(self.backend.known.items()), self.backend.unknown) if self.backend else None,
            self.versions,
            [(p.name, p.source, p.version) for p in self.providers],
        ]
        return FileFacts(
            modules=tuple(self.modules),
            reads=tuple(self.reads),
            backend=self.backend,
            states=tuple(self.states),
            locals=self.locals,
            defaults=self.defaults,
            required_version=tuple(self.versions),
            required_providers=tuple(self.providers),
            cloud_line=self.cloud_line,
            workspace_line=self.workspace_line,
            error_line=self.error_line,
            init=_hash(init) if any(init) else "",
            used=tuple(sorted(self.used)),
        )

    # --- native syntax -----------------------------------------------------------------------------------------

    def of_body(self, root: Node) -> None:
        """The blocks of a file."""
        for block in blocks(root):
            kind, labels = head(block)
            self._uses(kind, labels, block)
            match kind:
                case "terraform":
                    self._terraform(block)
                case "module" if labels:
                    self._module(block, labels[0])
                case "locals":
                    self.locals.update({name: _template(value) for name, value in attributes(block)})
                case "variable" if labels:
                    default = dict(attributes(block)).get("default")
                    if default is not None:
                        self.defaults[labels[0]] = _template(default)
                case "data" if labels[:1] == ["terraform_remote_state"]:
                    self._state(block)

    def _uses(self, kind: str, labels: list[str], block: Node) -> None:
        if kind == "provider" and labels:
            self.used.add(labels[0])
        elif kind == "check":
            for inner in blocks(block):
                self._uses(*head(inner), inner)
        elif kind in _OF_PROVIDERS and labels:
            said = dict(attributes(block)).get("provider")
            name = text_of(said).strip('"').partition(".")[0].strip() if said is not None else ""
            self.used.add(name or implied_provider(labels[0]))

    def _terraform(self, block: Node) -> None:
        for name, value in attributes(block):
            literal = _literal(_template(value))
            if name == "required_version" and literal is not None:
                self.versions.append(literal)
        for inner in blocks(block):
            kind, labels = head(inner)
            if kind == "backend" and labels:
                self.backend = _settings(labels[0], _flat(inner), line_of(inner))
            elif kind == "cloud":
                self.cloud_line = line_of(inner)
            elif kind == "required_providers":
                for name, value in attributes(inner):
                    self.providers.append(_provider(name, value))

    def _module(self, block: Node, name: str) -> None:
        given = dict(attributes(block))
        template = _template(given["source"]) if "source" in given else ()
        version = _literal(_template(given["version"])) if "version" in given else None
        arguments = {
            key: _template(value) for key, value in given.items() if key not in ("source", "version", "providers")
        }
        self.modules.append(ModuleCall(name, _literal(template), template, version, arguments, line_of(block)))

    def _state(self, block: Node) -> None:
        given = dict(attributes(block))
        backend = _literal(_template(given["backend"])) if "backend" in given else None
        config = given.get("config")
        elements = dict(_elements(config)) if config is not None else {}
        if backend is not None:
            self.states.append(_settings(backend, elements, line_of(block)))

    def reads_of(self, root: Node) -> None:
        """Everything in a file that reads other files, wherever it stands."""
        # Going down with what is above is linear; asking each node for what is above it is not.
        stack = [(root, False)]
        while stack:
            node, inside = stack.pop()
            if node.type == "function_call":
                self._call(node)
                # The call tells more than a string in it.
                inside = inside or _reads(node)
            elif node.type in ("quoted_template", "expression") and not inside:
                self._mention(node)
            below = inside and node.type not in ("attribute", "body")
            stack.extend((child, below) for child in reversed(node.named_children))

    def _call(self, node: Node) -> None:
        # `core::file` is `file`. The parser may take the namespace for names of their own.
        name = text_of(node).partition("(")[0].strip().removeprefix("core::")
        arguments = [c for n in node.named_children if n.type == "function_arguments" for c in n.named_children]
        if name in READERS:
            template = _template(arguments[0]) if arguments else (_UNKNOWN,)
            self.reads.append(Read("file", template, line_of(node), function=name))
        elif name == "fileset":
            folder = _template(arguments[0]) if arguments else (_UNKNOWN,)
            pattern = _literal(_template(arguments[1])) if len(arguments) > 1 else None
            self.reads.append(Read("set", folder, line_of(node), pattern=pattern or "", function=name))

    def _mention(self, node: Node) -> None:
        """A string made of `path.module` or the like is a path, to whatever takes it."""
        if node.type == "expression":
            words = _traversal(node)
            if words == ["terraform", "workspace"]:
                self.workspace_line = self.workspace_line or line_of(node)
            return
        template = _quoted(node)
        if any(part.kind in ("module", "root") for part in template):
            self.reads.append(Read("mention", template, line_of(node)))

    # --- JSON syntax -------------------------------------------------------------------------------------------

    def of_json(self, content: bytes) -> FileFacts:
        """The facts of a file in JSON syntax; lines are not known there."""
        try:
            found = read_terraform_json(content)
        except (ValueError, RecursionError):
            self.error_line = 1
            return self.facts()
        for body in _list(found):
            if isinstance(body, dict):
                self._json_body(body)
        self._json_reads(found, 0)
        return self.facts()

    def _json_body(self, body: dict[str, Any]) -> None:
        self._json_uses(body)
        for settings in _list(body.get("terraform")):
            if isinstance(settings, dict):
                self._json_terraform(settings)
        for name, call in _labelled(body.get("module")):
            template = _json_template(call.get("source"))
            version = call.get("version")
            arguments = {k: _json_template(v) for k, v in call.items() if k not in ("source", "version", "providers")}
            given = version if isinstance(version, str) else None
            self.modules.append(ModuleCall(name, _literal(template), template, given, arguments))
        for values in _list(body.get("locals")):
            if isinstance(values, dict):
                self.locals.update({name: _json_template(value) for name, value in values.items()})
        for name, variable in _labelled(body.get("variable")):
            if "default" in variable:
                self.defaults[name] = _json_template(variable["default"])
        for data in _list(body.get("data")):
            states = data.get("terraform_remote_state") if isinstance(data, dict) else None
            for _, state in _labelled(states):
                config = state.get("config")
                values = config if isinstance(config, dict) else {}
                self.states.append(_json_settings(str(state.get("backend", "")), values))

    def _json_uses(self, body: dict[str, Any]) -> None:
        self.used.update(name for name, _ in _labelled(body.get("provider")))
        for _, check in _labelled(body.get("check")):
            self._json_uses(check)
        for kind in _OF_PROVIDERS:
            for one, instances in _labelled(body.get(kind)):
                for _, instance in _labelled(instances):
                    said = instance.get("provider")
                    name = said.strip("${}").partition(".")[0] if isinstance(said, str) else ""
                    self.used.add(name or implied_provider(one))

    def _json_terraform(self, settings: dict[str, Any]) -> None:
        if isinstance(settings.get("required_version"), str):
            self.versions.append(settings["required_version"])
        if "cloud" in settings:
            self.cloud_line = 1
        for kind, values in _labelled(settings.get("backend")):
            self.backend = _json_settings(kind, values)
        for providers in _list(settings.get("required_providers")):
            for name, value in providers.items() if isinstance(providers, dict) else ():
                words = value if isinstance(value, dict) else {"version": value}
                self.providers.append(
                    RequiredProvider(str(name), _word(words.get("source")), _word(words.get("version")))
                )

    def _json_reads(self, value: Any, depth: int) -> None:
        if depth > _DEEPEST:
            self.reads.append(Read("doubt", (), 0))
        elif isinstance(value, dict):
            for inner in value.values():
                self._json_reads(inner, depth + 1)
        elif isinstance(value, list):
            for inner in value:
                self._json_reads(inner, depth + 1)
        elif isinstance(value, str) and "${" in value:
            # Expressions in JSON stand in strings: read as native syntax, they are the same. In a here document quotes
            # stand as they are; in a quoted string what is a path is known as one.
            inner_facts = _Gathered()
            for text in (json.dumps(value, ensure_ascii=False), f"<<{_END}\n{value.replace(_END, '')}\n{_END}\n"):
                inner_facts.reads_of(parse(f"x = {text}".encode("utf-8", "surrogateescape")).root_node)
            found = (Read(r.how, r.template, 0, r.pattern, r.function) for r in inner_facts.reads)
            self.reads += list(dict.fromkeys(found))
            self.workspace_line = self.workspace_line or inner_facts.workspace_line


# --- nodes -------------------------------------------------------------------------------------------------------


def _elements(expression: Node) -> Iterator[tuple[str, Node]]:
    """The pairs of an object expression."""
    for node in everything(expression):
        if node.type == "object":
            for element in node.named_children:
                if element.type == "object_elem" and len(element.named_children) == 2:
                    key, value = element.named_children
                    yield text_of(key).strip('"'), value
            return


def _provider(name: str, value: Node) -> RequiredProvider:
    literal = _literal(_template(value))
    if literal is not None:
        return RequiredProvider(name, None, literal, line_of(value))
    words = {key: _literal(_template(inner)) for key, inner in _elements(value)}
    return RequiredProvider(name, words.get("source"), words.get("version"), line_of(value))


def _flat(block: Node) -> dict[str, Node]:
    """The attributes of a block; those of inner blocks and of maps by `outer.inner` too."""
    found = dict(attributes(block))
    for name, value in attributes(block):
        inner = dict(_elements(value))
        if inner:
            del found[name]
            found |= {f"{name}.{key}": one for key, one in inner.items()}
    for inner_block in blocks(block):
        kind, _ = head(inner_block)
        found |= {f"{kind}.{name}": value for name, value in attributes(inner_block)}
    return found


def _settings(kind: str, values: dict[str, Node], line: int) -> Settings:
    templates = {name: _template(value) for name, value in values.items()}
    literals = {name: _literal(template) if template else "" for name, template in templates.items()}
    known = {name: value for name, value in literals.items() if value is not None}
    return Settings(kind, known, tuple(sorted(set(literals) - set(known))), line)


def _template(node: Node, depth: int = 0) -> Template:
    """What is known of a string expression."""
    inner = node
    while inner.type in ("expression", "literal_value", "template_expr") and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    if inner.type in ("string_lit", "quoted_template"):
        return _quoted(inner, depth)
    if inner.type in ("numeric_lit", "bool_lit"):
        return (Part("text", _plainly(inner)),)
    return (_reference(_traversal(inner)),)


def _plainly(node: Node) -> str:
    """A number or truth value as a template shows it: `1e3` is 1000."""
    text = text_of(node)
    if node.type == "numeric_lit" and "e" in text.lower():
        with suppress(NoLiteral):
            return written(value_of(node))
    return text


def _quoted(node: Node, depth: int = 0) -> Template:
    if depth > _MOST_QUOTES:
        return (_UNKNOWN,)
    parts: list[Part] = []
    for child in node.named_children:
        if child.type == "template_literal":
            parts.append(Part("text", unescaped(text_of(child))))
        elif child.type == "template_interpolation":
            inner = [c for c in child.named_children if c.type == "expression"]
            parts.extend(_template(inner[0], depth + 1) if inner else (_UNKNOWN,))
        elif child.type == "template_directive":
            parts.append(_UNKNOWN)
    return tuple(parts)


def _reference(words: list[str]) -> Part:
    match words:
        case ["path", "module"]:
            return Part("module")
        case ["path", "root" | "cwd"]:
            return Part("root")
        case ["local", name]:
            return Part("local", name)
        case ["var", name]:
            return Part("var", name)
    return _UNKNOWN


def _traversal(node: Node) -> list[str]:
    """`path.module` as its words; empty for anything else."""
    inner = node
    if inner.type == "expression" and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    parts = inner.named_children if inner.type == "expression" else [inner]
    words: list[str] = []
    for part in parts:
        if part.type not in ("variable_expr", "get_attr"):
            return []
        words += [text_of(c) for c in part.named_children if c.type == "identifier"]
    return words


def _reads(call: Node) -> bool:
    """Whether a function reads files."""
    name = text_of(call.named_children[0]) if call.named_children else ""
    return name in READERS or name == "fileset"


def _literal(template: Template) -> str | None:
    if not template or any(part.kind != "text" for part in template):
        return None
    return "".join(part.text for part in template)


# --- JSON values -------------------------------------------------------------------------------------------------


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _labelled(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Blocks with one label: `{"name": {...}}`, lists of such, and lists of bodies."""
    for group in _list(value):
        for name, bodies in group.items() if isinstance(group, dict) else ():
            for body in _list(bodies):
                if isinstance(body, dict):
                    yield str(name), body


def _json_settings(kind: str, values: dict[str, Any]) -> Settings:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        for inner in _list(value) if isinstance(value, list | dict) else ():
            flat |= {f"{name}.{key}": one for key, one in inner.items()} if isinstance(inner, dict) else {}
        if not isinstance(value, list | dict):
            flat[str(name)] = value
    known = {name: text for name, value in flat.items() if (text := _json_literal(value)) is not None}
    unknown = {*flat, *(str(name) for name in values if not any(str(name) == n.partition(".")[0] for n in flat))}
    return Settings(kind, known, tuple(sorted(unknown - known.keys())))


def _json_literal(value: Any) -> str | None:
    """A setting as text; None where it is an expression. In JSON each string is a template."""
    if isinstance(value, str):
        return _literal(_json_template(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else None


def _json_template(value: Any) -> Template:
    if not isinstance(value, str):
        return (_UNKNOWN,)
    if "${" not in value and "%{" not in value:
        return (Part("text", value),)
    tree = parse(b"x = " + json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape"))
    for node in everything(tree.root_node):
        if node.type == "attribute" and len(node.named_children) >= 2:
            return _template(node.named_children[-1])
    return (_UNKNOWN,)


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None
