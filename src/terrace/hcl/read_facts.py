"""Reads the facts of one configuration file, in either syntax. Reading never raises, and continues after errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import msgspec

from terrace.clouds.all import CLOUDS
from terrace.hcl.blocks import Block, Expression, JsonBlock, NativeBlock, read_blocks
from terrace.hcl.facts import (
    FileFacts,
    ModuleCall,
    ProviderSettings,
    RequiredProvider,
    Settings,
    Template,
    Words,
    implied_provider,
)
from terrace.hcl.file_reads import FileReads
from terrace.hcl.templates import literal

_ACCOUNTS = {provider: names for cloud in CLOUDS.values() for provider, names in cloud.account_arguments.items()}
"""Arguments of providers that name one account."""
_TAGS = frozenset({"environment", "env", "stage"})
"""Tags that name an environment, in lower case."""
_OF_PROVIDERS = ("resource", "data", "ephemeral", "action")
"""The types of blocks that a provider implements, whose first label is a type of that provider."""
_UNCONFIGURED = frozenset({"alias", "version"})
"""Arguments of a `provider` block that configure nothing: modules name the providers that callers pass with them."""
_ARGUMENTS_OF_TERRAFORM = frozenset({"source", "version", "providers"})
"""Arguments of a module call that are not variables of the module."""


def read_facts(path: str, content: bytes) -> FileFacts:
    """Returns the facts of a file, in JSON syntax where its name ends in `.json`."""
    file = read_blocks(path, content)
    facts = _Facts()
    facts.add_file(file.root)
    reads = FileReads()
    if file.stray:
        reads.add_unreadable()
    if isinstance(file.root, JsonBlock):
        reads.add_json(file.root.values)
    elif isinstance(file.root, NativeBlock):
        reads.add_native(file.root.node)
    return facts.with_reads(reads, file.error_line)


def read_template_facts(content: bytes) -> FileFacts:
    """Returns the facts of a `templatefile` template: the files that it reads."""
    reads = FileReads()
    reads.add_template(content)
    return FileFacts(reads=tuple(reads.reads))


class _Facts:
    """The facts of the blocks of a file, collected block by block."""

    def __init__(self) -> None:
        self.modules: list[ModuleCall] = []
        self.backend: Settings | None = None
        self.states: list[Settings] = []
        self.locals: dict[str, Template] = {}
        self.defaults: dict[str, Template] = {}
        self.terraform_versions: list[str] = []
        self.required_providers: list[RequiredProvider] = []
        self.cloud_line = 0
        self.used: set[str] = set()
        self.values: dict[str, Template] = {}
        self.outputs: dict[str, int] = {}
        self.configured: dict[str, int] = {}
        self.providers: list[ProviderSettings] = []

    def with_reads(self, reads: FileReads, error_line: int) -> FileFacts:
        """Returns all facts of the file."""
        return FileFacts(
            modules=tuple(self.modules),
            reads=tuple(reads.reads),
            backend=self.backend,
            states=tuple(self.states),
            locals=self.locals,
            defaults=self.defaults,
            required_version=tuple(self.terraform_versions),
            required_providers=tuple(self.required_providers),
            cloud_line=self.cloud_line,
            workspace_line=reads.workspace_line,
            error_line=error_line,
            init=self._init_hash(),
            used=tuple(sorted(self.used)),
            words=tuple(Words(template, line) for template, line in reads.words.items()),
            values=self.values,
            outputs=self.outputs,
            output_uses=tuple(dict.fromkeys(reads.output_uses)),
            configured=self.configured,
            providers=tuple(self.providers),
        )

    def _init_hash(self) -> str:
        backend = self.backend
        init = [
            [(call.name, call.source, call.version) for call in self.modules],
            (backend.type, sorted(backend.known.items()), backend.unknown) if backend else None,
            self.terraform_versions,
            [(provider.name, provider.source, provider.version) for provider in self.required_providers],
        ]
        return hashlib.sha256(json.dumps(init).encode("utf-8", "surrogateescape")).hexdigest() if any(init) else ""

    def add_file(self, root: Block) -> None:
        """Adds the blocks of a file, and its attributes outside blocks."""
        self.values = {name: value.template() for name, value in root.attributes.items()}
        for block in root.blocks():
            match block.type:
                case "terraform":
                    self._add_settings(block)
                case "module" if block.labels:
                    self._add_module(block)
                case "locals":
                    self.locals.update({name: value.template() for name, value in block.attributes.items()})
                case "variable" if block.labels and "default" in block.attributes:
                    self.defaults[block.labels[0]] = block.attributes["default"].template()
                case "output" if block.labels:
                    self.outputs[block.labels[0]] = _line(block)
                case "check":
                    for inner in block.blocks(*_OF_PROVIDERS):
                        self._add_use(inner)
                case "provider" if block.labels:
                    self._add_provider(block)
                case kind if kind in _OF_PROVIDERS:
                    self._add_use(block)
                    if kind == "data" and block.labels[:1] == ("terraform_remote_state",):
                        self._add_state(block)

    def _add_settings(self, block: Block) -> None:
        version = _literal(block, "required_version")
        if version is not None:
            self.terraform_versions.append(version)
        for inner in block.blocks("backend", "cloud", "required_providers"):
            if inner.type == "cloud":
                self.cloud_line = _line(inner)
            elif inner.type == "required_providers":
                self.required_providers += [_required_provider(name, value) for name, value in inner.attributes.items()]
            elif inner.labels:
                self.backend = _settings(inner.labels[0], _flat(inner), inner.line)

    def _add_module(self, block: Block) -> None:
        source = block.attributes["source"].template() if "source" in block.attributes else ()
        self.modules.append(
            ModuleCall(
                name=block.labels[0],
                source=literal(source),
                template=source,
                version=_literal(block, "version"),
                arguments={
                    name: value.template()
                    for name, value in block.attributes.items()
                    if name not in _ARGUMENTS_OF_TERRAFORM
                },
                line=block.line,
            )
        )

    def _add_state(self, block: Block) -> None:
        config = block.attributes.get("config")
        elements = _nested_pairs(config) if config is not None else {}
        if "workspace" in block.attributes:
            elements["workspace"] = block.attributes["workspace"]
        settings = _settings(_literal(block, "backend") or "", elements, block.line)
        # A function such as `merge` may add settings, and so may a reference.
        partial = config is not None and not config.is_object
        self.states.append(msgspec.structs.replace(settings, name="".join(block.labels[1:]), partial=partial))

    def _add_use(self, block: Block) -> None:
        """Adds the provider of a resource or data source."""
        if block.labels:
            expression = block.attributes.get("provider")
            name = expression.code().partition(".")[0].strip() if expression is not None else ""
            self.used.add(name or implied_provider(block.labels[0]))

    def _add_provider(self, block: Block) -> None:
        name = block.labels[0]
        self.used.add(name)
        if block.attributes.keys() - _UNCONFIGURED or any(block.blocks()):
            self.configured.setdefault(name, _line(block))
            accounts, tags = _accounts(name, block), _tags(block)
            if accounts or tags:
                alias = "alias" in block.attributes
                self.providers.append(ProviderSettings(name, _line(block), alias, accounts, tags))


def _line(block: Block) -> int:
    # 0 would mean that there is no such block.
    return block.line or 1


def _literal(block: Block, name: str) -> str | None:
    return literal(block.attributes[name].template()) if name in block.attributes else None


def _accounts(provider: str, block: Block) -> tuple[Template, ...]:
    """Returns the accounts that a `provider` block names, and the roles that it assumes in them."""
    expressions = [block.attributes[name] for name in _ACCOUNTS.get(provider, ()) if name in block.attributes]
    if provider == "aws":
        if "allowed_account_ids" in block.attributes:
            expressions += block.attributes["allowed_account_ids"].items()
        roles = (inner.attributes.get("role_arn") for inner in block.blocks("assume_role"))
        expressions += [role for role in roles if role is not None]
    return tuple(template for value in expressions if (template := value.template()))


def _tags(block: Block) -> dict[str, Template]:
    """Returns the tags that a `provider` block gives to all resources, those that name an environment."""
    expressions = [inner.attributes.get("tags") for inner in block.blocks("default_tags")]
    expressions.append(block.attributes.get("default_labels"))
    pairs = (pair for value in expressions if value is not None for pair in value.pairs())
    return {name: template for name, value in pairs if name.lower() in _TAGS and (template := value.template())}


def _required_provider(name: str, value: Expression) -> RequiredProvider:
    version = literal(value.template())
    if version is not None:
        return RequiredProvider(name, None, version, value.line)
    words = {key: literal(inner.template()) for key, inner in value.pairs()}
    return RequiredProvider(name, words.get("source"), words.get("version"), value.line)


def _flat(block: Block) -> dict[str, Expression]:
    """Returns the attributes of a block, and those of maps and nested blocks in it as `outer.inner`."""
    flat: dict[str, Expression] = {}
    for name, value in block.attributes.items():
        inner = {f"{name}.{key}": expression for key, expression in value.pairs()}
        flat |= inner or {name: value}
    for nested in block.blocks():
        flat |= {f"{nested.type}.{name}": value for name, value in nested.attributes.items()}
    return flat


def _nested_pairs(expression: Expression) -> dict[str, Expression]:
    """Returns the pairs of an object expression, and those of objects in it as `outer.inner`."""
    flat: dict[str, Expression] = {}
    for name, value in expression.pairs():
        flat |= {f"{name}.{key}": expression for key, expression in value.pairs()} if value.is_object else {name: value}
    return flat


def _settings(kind: str, values: Mapping[str, Expression], line: int) -> Settings:
    templates = {name: value.template() for name, value in values.items()}
    literals = {name: literal(template) if template else "" for name, template in templates.items()}
    literal_values = {name: value for name, value in literals.items() if value is not None}
    unknown = tuple(sorted(literals.keys() - literal_values.keys()))
    return Settings(kind, literal_values, unknown, line, {name: templates[name] for name in unknown})
