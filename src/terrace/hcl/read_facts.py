"""Reads one configuration file, in either syntax, for its facts. It goes on after syntax errors and never raises."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from terrace.hcl.facts import (
    FileFacts,
    ModuleCall,
    OutputUse,
    Part,
    ProviderSettings,
    Read,
    RequiredProvider,
    Settings,
    Template,
    Words,
    implied_provider,
)
from terrace.hcl.literals import NoLiteral, unescaped, value_of, written
from terrace.hcl.syntax import attributes, blocks, everything, first_error, head, line_of, parse, text_of

if TYPE_CHECKING:
    import msgspec
from tree_sitter import Node

from terrace.hcl.terraform_json import read_terraform_json

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

_READING = re.compile(r"\b(file\w*|templatefile)\s*\(")
_UNKNOWN = Part("unknown")
_END = "END_OF_THE_TEXT_OF_JSON"
_DEEPEST = 200
_MOST_QUOTES = 10
"""Strings in strings that are looked into: nobody writes more, and whoever does waits for nothing."""
_LONGEST_SHOWN = 100
_LONGEST_PATH = 255
_STRINGS = ("string_lit", "quoted_template", "heredoc_template")
_NEVER_PATHS = ("description", "error_message", "required_version", "version")
_BETWEEN = re.compile(r"[\s\"'`;|&()<>=,:{}\[\]]+")
_ACCOUNTS = {"azurerm": ("subscription_id",), "google": ("project",), "google-beta": ("project",)}
"""Arguments of providers that name one account."""
_TAGS = frozenset({"environment", "env", "stage"})
"""Tags that name an environment, in lower case."""
_OF_PROVIDERS = ("resource", "data", "ephemeral", "action")


def read_template(content: bytes) -> tuple[Read, ...]:
    """What a file reads that `templatefile` fills in: its expressions may call functions too."""
    return read_template_facts(content).reads


def read_template_facts(content: bytes) -> FileFacts:
    """The facts of a file that `templatefile` fills in: what it reads. One that cannot be read may read anything."""
    text = content.decode("utf-8", "surrogateescape")
    if "${" not in text and "%{" not in text:
        return FileFacts()
    gathered = _Gathered()
    root = _json_tree(text)
    gathered.reads_of(root)
    if root.has_error and _READING.search(text):
        gathered.reads.append(Read("doubt", (), 0))
    # The line of the opening mark is none of the file.
    reads = (msgspec.structs.replace(read, line=max(1, read.line - 1)) for read in gathered.reads)
    return FileFacts(reads=tuple(reads))


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
        self.words: dict[Template, int] = {}
        self.values: dict[str, Template] = {}
        self.outputs: dict[str, int] = {}
        self.output_uses: list[OutputUse] = []
        self.configured: dict[str, int] = {}
        self.settings: list[ProviderSettings] = []

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
            words=tuple(Words(template, line) for template, line in self.words.items()),
            values=self.values,
            outputs=self.outputs,
            output_uses=tuple(dict.fromkeys(self.output_uses)),
            configured=self.configured,
            providers=tuple(self.settings),
        )

    # --- native syntax -----------------------------------------------------------------------------------------

    def of_body(self, root: Node) -> None:
        """The blocks of a file, and its attributes outside of them."""
        self.values.update({name: _template(value) for name, value in attributes(root)})
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
                case "output" if labels:
                    self.outputs[labels[0]] = line_of(block)
                case "data" if labels[:1] == ["terraform_remote_state"]:
                    self._state(block, "".join(labels[1:]))

    def _uses(self, kind: str, labels: list[str], block: Node) -> None:
        if kind == "provider" and labels:
            self.used.add(labels[0])
            # A block with nothing but an alias is how old modules name the providers that they are given.
            if [*blocks(block), *(name for name, _ in attributes(block) if name not in ("alias", "version"))]:
                self.configured.setdefault(labels[0], line_of(block))
                self._provider_settings(labels[0], block)
        elif kind == "check":
            for inner in blocks(block):
                self._uses(*head(inner), inner)
        elif kind in _OF_PROVIDERS and labels:
            said = dict(attributes(block)).get("provider")
            name = text_of(said).strip('"').partition(".")[0].strip() if said is not None else ""
            self.used.add(name or implied_provider(labels[0]))

    def _provider_settings(self, name: str, block: Node) -> None:
        given = dict(attributes(block))
        accounts = [_template(given[key]) for key in _ACCOUNTS.get(name, ()) if key in given]
        if name == "aws" and "allowed_account_ids" in given:
            accounts += [_template(one) for one in _only(given["allowed_account_ids"]).named_children]
        tags: dict[str, Template] = {}
        for inner in blocks(block):
            kind, _ = head(inner)
            values = dict(attributes(inner))
            if name == "aws" and kind == "assume_role" and "role_arn" in values:
                accounts.append(_template(values["role_arn"]))
            elif kind == "default_tags" and "tags" in values:
                tags.update(_tags(_elements(values["tags"])))
        if "default_labels" in given:
            tags.update(_tags(_elements(given["default_labels"])))
        if accounts or tags:
            self.settings.append(
                ProviderSettings(name, line_of(block), "alias" in given, tuple(filter(None, accounts)), tags)
            )

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

    def _state(self, block: Node, name: str) -> None:
        given = dict(attributes(block))
        backend = _literal(_template(given["backend"])) if "backend" in given else None
        config = given.get("config")
        elements = _nested(config) if config is not None else {}
        if "workspace" in given:
            elements["workspace"] = given["workspace"]
        found = _settings(backend or "", elements, line_of(block))
        # A function such as `merge` may add settings, and so may a reference.
        partial = config is not None and _only(config).type != "object"
        self.states.append(msgspec.structs.replace(found, name=name, partial=partial))

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
                if not inside:
                    self._paths(node, _function(node, 0))
            elif node.type == "expression":
                self._expression(node)
            elif node.type in _STRINGS and not inside:
                self._string(node)
            below = inside and node.type not in ("attribute", "body")
            stack.extend((child, below) for child in reversed(_worth_reading(node)))

    def _call(self, node: Node) -> None:
        # `core::file` is `file`. The parser may take the namespace for names of their own.
        name = text_of(node).partition("(")[0].strip().removeprefix("core::")
        arguments = [c for n in node.named_children if n.type == "function_arguments" for c in n.named_children]
        shown = " ".join(text_of(node).split())[:_LONGEST_SHOWN]
        if name in READERS:
            for template in _alternatives(arguments[0]) if arguments else [(_UNKNOWN,)]:
                self.reads.append(Read("file", template, line_of(node), function=name, text=shown))
        elif name == "fileset":
            pattern = _literal(_template(arguments[1])) if len(arguments) > 1 else None
            for folder in _alternatives(arguments[0]) if arguments else [(_UNKNOWN,)]:
                self.reads.append(Read("set", folder, line_of(node), pattern=pattern or "", function=name, text=shown))

    def _expression(self, node: Node) -> None:
        if _traversal(node) == ["terraform", "workspace"]:
            self.workspace_line = self.workspace_line or line_of(node)
        use = _output_use(node)
        if use is not None:
            self.output_uses.append(use)

    def _string(self, node: Node) -> None:
        """A string may be a path, to a provider or program that takes it, and so may each word of it."""
        heredoc = node.type == "heredoc_template"
        self._paths(node, _without_end(_quoted(node, heredoc=True)) if heredoc else _quoted(node))

    def _paths(self, node: Node, template: Template) -> None:
        for one in _paths_in(template):
            if any(part.kind in ("module", "root") for part in one):
                written_so = text_of(node).removeprefix(f"<<{_END}").removesuffix(_END)
                shown = " ".join(written_so.split())[:_LONGEST_SHOWN]
                self.reads.append(Read("mention", one, line_of(node), text=shown))
            else:
                self.words.setdefault(one, line_of(node))

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
            else:
                self._unreadable()
        self._json_reads([_without_sources(body) for body in _list(found)], 0)
        return self.facts()

    def _unreadable(self) -> None:
        """It cannot be told what stands here: it may read anything."""
        self.reads.append(Read("doubt", (), 0))

    def _json_body(self, body: dict[str, Any]) -> None:
        self._json_uses(body)
        self.values.update({name: _json_template(value) for name, value in body.items()})
        self.outputs.update({name: 1 for name, _ in _labelled(body.get("output"))})
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
            for name, state in _labelled(states):
                config = state.get("config")
                values = dict(config) if isinstance(config, dict) else {}
                if "workspace" in state:
                    values["workspace"] = state["workspace"]
                backend = _json_literal(state.get("backend")) or ""
                partial = config is not None and not isinstance(config, dict)
                found = _json_settings(backend, values)
                self.states.append(msgspec.structs.replace(found, name=name, partial=partial))

    def _json_uses(self, body: dict[str, Any]) -> None:
        for name, settings in _labelled(body.get("provider")):
            self.used.add(name)
            if settings.keys() - {"alias", "version"}:
                self.configured.setdefault(name, 1)
                self._json_provider_settings(name, settings)
        for _, check in _labelled(body.get("check")):
            self._json_uses(check)
        for kind in _OF_PROVIDERS:
            for one, instances in _labelled(body.get(kind)):
                for _, instance in _labelled(instances):
                    said = instance.get("provider")
                    name = said.strip("${}").partition(".")[0] if isinstance(said, str) else ""
                    self.used.add(name or implied_provider(one))

    def _json_provider_settings(self, name: str, settings: dict[str, Any]) -> None:
        accounts = [_json_template(settings[key]) for key in _ACCOUNTS.get(name, ()) if key in settings]
        if name == "aws":
            accounts += [_json_template(one) for one in _list(settings.get("allowed_account_ids"))]
            roles = [one.get("role_arn") for one in _list(settings.get("assume_role")) if isinstance(one, dict)]
            accounts += [_json_template(one) for one in roles]
        tagged = [one.get("tags") for one in _list(settings.get("default_tags")) if isinstance(one, dict)]
        found = {
            str(key): _json_template(value)
            for tags in (*tagged, settings.get("default_labels"))
            for key, value in (tags.items() if isinstance(tags, dict) else ())
            if str(key).lower() in _TAGS
        }
        if accounts or found:
            self.settings.append(ProviderSettings(name, 1, "alias" in settings, tuple(filter(None, accounts)), found))

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
            self._unreadable()
        elif isinstance(value, dict):
            for name, inner in value.items():
                if "/" in str(name) or "." in str(name):
                    self._json_word(str(name))
                if name not in _NEVER_PATHS or not isinstance(inner, str):
                    self._json_reads(inner, depth + 1)
        elif isinstance(value, list):
            for inner in value:
                self._json_reads(inner, depth + 1)
        elif isinstance(value, str) and ("${" in value or "%{" in value):
            # Each string in JSON is a template. A here document holds it as it is: nothing in it is escaped.
            root = _json_tree(value)
            if root.has_error:
                self._unreadable()
            inner_facts = _Gathered()
            inner_facts.reads_of(root)
            self.reads += [
                Read(r.how, r.template, 0, r.pattern, r.function, r.text) for r in dict.fromkeys(inner_facts.reads)
            ]
            for template in inner_facts.words:
                self.words.setdefault(template, 0)
            self.output_uses += [OutputUse(use.state, use.output, 0) for use in inner_facts.output_uses]
            self.workspace_line = self.workspace_line or inner_facts.workspace_line
        elif isinstance(value, str):
            self._json_word(value)

    def _json_word(self, text: str) -> None:
        for one in _paths_in((Part("text", text),)):
            self.words.setdefault(one, 0)


def _without_sources(body: Any) -> Any:
    """A document without the sources of its module calls, which lead to configuration and are followed as calls."""
    if not isinstance(body, dict) or "module" not in body:
        return body
    calls = [
        {name: value for name, value in call.items() if name not in ("source", "version")}
        for _, call in _labelled(body["module"])
    ]
    return {**body, "module": calls}


def _json_tree(text: str) -> Node:
    marked = f"x = <<{_END}\n{text.replace(_END, '')}\n{_END}\n"
    return parse(marked.encode("utf-8", "surrogateescape")).root_node


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


def _tags(elements: Iterable[tuple[str, Node]]) -> dict[str, Template]:
    return {key: template for key, value in elements if key.lower() in _TAGS and (template := _template(value))}


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
    unknown = tuple(sorted(set(literals) - set(known)))
    return Settings(kind, known, unknown, line, {name: templates[name] for name in unknown})


def _template(node: Node, depth: int = 0) -> Template:
    """What is known of a string expression."""
    inner = node
    while inner.type in ("expression", "literal_value", "template_expr") and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    if inner.type in ("string_lit", "quoted_template"):
        return _quoted(inner, depth)
    if inner.type in ("numeric_lit", "bool_lit"):
        return (Part("text", _plainly(inner)),)
    if inner.type == "function_call" and depth <= _MOST_QUOTES:
        return _function(inner, depth + 1)
    return (_reference(_traversal(inner)),)


def _plainly(node: Node) -> str:
    """A number or truth value as a template shows it: `1e3` is 1000."""
    text = text_of(node)
    if node.type == "numeric_lit" and "e" in text.lower():
        with suppress(NoLiteral):
            return written(value_of(node))
    return text


def _quoted(node: Node, depth: int = 0, *, heredoc: bool = False) -> Template:
    if depth > _MOST_QUOTES:
        return (_UNKNOWN,)
    parts: list[Part] = []
    text, end = node.text or b"", 0
    for child in node.named_children:
        # The grammar leaves out spaces beside an interpolation.
        start = child.start_byte - node.start_byte
        gap = text[end:start].decode("utf-8", "surrogateescape") if parts else ""
        end = child.end_byte - node.start_byte
        if gap:
            parts.append(Part("text", gap))
        if child.type == "template_literal":
            parts.append(Part("text", text_of(child) if heredoc else unescaped(text_of(child))))
        elif child.type == "template_interpolation":
            inner = [c for c in child.named_children if c.type == "expression"]
            parts.extend(_template(inner[0], depth + 1) if inner else (_UNKNOWN,))
        elif child.type == "template_directive":
            parts.append(_UNKNOWN)
    return _joined(parts)


def _joined(parts: list[Part]) -> Template:
    """The parts with texts beside each other as one."""
    found: list[Part] = []
    for part in parts:
        if part.kind == "text" and found and found[-1].kind == "text":
            found[-1] = Part("text", found[-1].text + part.text)
        else:
            found.append(part)
    return tuple(found)


def _function(call: Node, depth: int) -> Template:
    """What a function makes of strings, for the few that paths are made with."""
    name = text_of(call).partition("(")[0].strip().removeprefix("core::")
    arguments = [c for n in call.named_children if n.type == "function_arguments" for c in n.named_children]
    if name == "abspath" and len(arguments) == 1:
        return _template(arguments[0], depth)
    if name == "join" and len(arguments) == 2:
        between, items = _literal(_template(arguments[0], depth)), _only(arguments[1])
        if between is None or items.type != "tuple":
            return (_UNKNOWN,)
        texts = [_argument(one, depth) for one in items.named_children if one.type == "expression"]
        if not texts or len(texts) != len(items.named_children) - 2:
            return (_UNKNOWN,)
        parts = [part for text in texts for part in (Part("text", between), *text)]
        return _joined(parts[1:])
    if name == "format" and arguments:
        shape = _literal(_template(arguments[0], depth))
        pieces = shape.split("%s") if shape is not None else []
        if len(pieces) != len(arguments) or any("%" in piece for piece in pieces):
            return (_UNKNOWN,)
        parts = [Part("text", pieces[0])]
        for piece, argument in zip(pieces[1:], arguments[1:], strict=True):
            parts += [*_argument(argument, depth), Part("text", piece)]
        return _joined([part for part in parts if part != Part("text", "")])
    return (_UNKNOWN,)


def _argument(node: Node, depth: int) -> Template:
    """What is known of an argument; an empty string is a text as well."""
    found = _template(node, depth)
    return found or ((Part("text", ""),) if _only(node).type in _STRINGS else (_UNKNOWN,))


def _alternatives(node: Node) -> list[Template]:
    """What an expression may come to: both ends of a condition, each argument of `try` and `coalesce`."""
    inner = _only(node)
    if inner.type == "conditional" and len(inner.named_children) == 3:
        return [one for branch in inner.named_children[1:] for one in _alternatives(branch)]
    if inner.type == "function_call" and text_of(inner).partition("(")[0].strip() in ("try", "coalesce"):
        arguments = [c for n in inner.named_children if n.type == "function_arguments" for c in n.named_children]
        if arguments and all(one.type == "expression" for one in arguments):
            return [one for argument in arguments for one in _alternatives(argument)]
    return [_template(node)]


def _only(node: Node) -> Node:
    """What an expression consists of, where it is one thing."""
    inner = node
    while inner.type in ("expression", "literal_value", "collection_value", "template_expr"):
        if len(inner.named_children) != 1:
            break
        inner = inner.named_children[0]
    return inner


def _nested(expression: Node) -> dict[str, Node]:
    """The pairs of an object expression, those of an object in it by `outer.inner`."""
    found: dict[str, Node] = {}
    for name, value in _elements(expression):
        if _only(value).type == "object":
            found |= {f"{name}.{key}": one for key, one in _elements(value)}
        else:
            found[name] = value
    return found


def _worth_reading(node: Node) -> list[Node]:
    """What of a node may hold paths: neither labels of blocks, nor what only people read or `init` takes."""
    children = node.named_children
    if node.type == "block":
        kind, labels = head(node)
        body = [child for child in children if child.type == "body"]
        if kind == "module" and labels:
            return [child for one in body for child in one.named_children if _name(child) not in ("source", "version")]
        return body
    if node.type == "attribute" and _name(node) in _NEVER_PATHS:
        return []
    return children


def _name(attribute: Node) -> str:
    return text_of(attribute.named_children[0]) if attribute.type == "attribute" and attribute.named_children else ""


def _paths_in(template: Template) -> list[Template]:
    """The templates in a string that may be paths: all of it, and each word."""
    words: list[list[Part]] = [[]]
    for part in template:
        if part.kind != "text":
            words[-1].append(part)
            continue
        first, *rest = _BETWEEN.split(part.text)
        # `curl -d @file` and the like.
        first = first if words[-1] else first.removeprefix("@")
        if first:
            words[-1].append(Part("text", first))
        for word in rest:
            words.append([Part("text", word.removeprefix("@"))] if word.removeprefix("@") else [])
    found = [tuple(word) for word in words if _may_be_path(word)]
    if len(words) > 1 and not any("\n" in part.text for part in template) and _may_be_path(list(template)):
        found.append(template)
    return list(dict.fromkeys(found))


def _may_be_path(parts: list[Part]) -> bool:
    texts = [part.text for part in parts if part.kind == "text"]
    if sum(map(len, texts)) > _LONGEST_PATH or any("://" in text for text in texts):
        return False
    if not parts or (parts[0].kind == "text" and parts[0].text.startswith(("/", "~"))):
        return False
    if any(part.kind in ("module", "root") for part in parts):
        return True
    return any(letter.isalnum() or letter in "._" for text in texts for letter in text)


def _output_use(node: Node) -> OutputUse | None:
    """The output of another stack that an expression names; "" where it takes all of them."""
    children = node.named_children
    if len(children) < 4 or text_of(children[0]) != "data" or text_of(children[1]) != ".terraform_remote_state":
        return None
    name = text_of(children[2]).lstrip(".")
    rest = list(children[3:])
    # Instances of a data source that has `count` or `for_each`.
    while rest and rest[0].type == "index":
        rest = rest[1:]
    if not rest or text_of(rest[0]) != ".outputs":
        return None
    if len(rest) > 1:
        output = text_of(rest[1]).strip('.[]" \t')
        if rest[1].type == "get_attr" or text_of(rest[1]).startswith('["'):
            return OutputUse(name, output, line_of(node))
    return OutputUse(name, "", line_of(node))


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
        case ["terraform", "workspace"]:
            return Part("workspace")
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
    told = {name: _json_template(flat[name]) for name in unknown - known.keys() if name in flat}
    return Settings(kind, known, tuple(sorted(unknown - known.keys())), 0, told)


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
    root = _json_tree(value)
    if root.has_error:
        return (_UNKNOWN,)
    for node in everything(root):
        if node.type == "heredoc_template":
            return _without_end(_quoted(node, heredoc=True))
    return (_UNKNOWN,)


def _without_end(template: Template) -> Template:
    """Without the line break that a here document has at its end."""
    if template and template[-1].kind == "text":
        last = template[-1].text.removesuffix("\n")
        return (*template[:-1], Part("text", last)) if last else template[:-1]
    return template


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None
