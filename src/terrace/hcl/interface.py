"""Reads the interface of a module from its files: requirements, inputs, outputs, resources and module calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from terrace.hcl.blocks import NAMED, Block, Expression, OverriddenBlock, read_blocks
from terrace.hcl.facts import BUILTIN, implied_provider
from terrace.hcl.json_syntax import LABELS
from terrace.hcl.layout import is_override, replaced_files


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that a module uses. `name` is its local name with its alias (`aws.west`); `source` is the required
    one, or Terraform's default; `version` is "" where the module has no version constraint."""

    name: str
    source: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One validation of an input. `message` is "" where it is not a literal; `condition` is its source."""

    condition: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A variable. `type` and `default` are sources of expressions; `default` is None where a value is required."""

    name: str
    description: str = ""
    type: str = "any"
    default: str | None = None
    sensitive: bool = False
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the module."""

    name: str
    description: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class ModuleResource:
    """A resource or data source of the module. `name` is its address within the module."""

    name: str
    kind: Literal["resource", "data source", "ephemeral"]


@dataclass(frozen=True, slots=True)
class CalledModule:
    """A module call. `source` is an expression where it is not a literal; `version` is "" where the call has none."""

    name: str
    source: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """The interface of a module; each list is sorted by name. `terraform` are the version constraints for Terraform,
    `required` the entries of `required_providers`."""

    terraform: tuple[str, ...] = ()
    required: tuple[Provider, ...] = ()
    providers: tuple[Provider, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    resources: tuple[ModuleResource, ...] = ()
    modules: tuple[CalledModule, ...] = ()


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that cannot be read, so that its module has no known interface. `line` counts from 1; 0 is unknown."""

    file: str
    line: int
    why: str


def read_interface(files: Mapping[str, bytes]) -> Interface | UnreadableFile:
    """Returns the interface of the module that these files are, by their names in its folder.

    Override files are merged over the others. A `.tofu` file replaces the `.tf` file beside it, as in OpenTofu.
    """
    module = _Module()
    for name in sorted(files.keys() - replaced_files(files), key=lambda name: (is_override(name), name)):
        content = files[name].removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        try:
            content.decode()
        except UnicodeDecodeError as error:
            return UnreadableFile(name, content.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
        file = read_blocks(name, content)
        if file.error_line:
            return UnreadableFile(name, file.error_line, file.error)
        for block in file.root.blocks():
            module.add(block, over=is_override(name))
            if block.type == "check":
                # A `check` block can have data sources of its own.
                for inner in block.blocks():
                    module.add(inner, over=is_override(name))
    return module.interface()


class _Module:
    """The blocks of a module, collected block by block. Of a name that is declared twice the last block is taken."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, tuple[str, ...]], Block] = {}
        self._terraform_versions: list[str] = []
        self._required: dict[str, Mapping[str, Expression]] = {}

    def add(self, block: Block, *, over: bool) -> None:
        """Adds a block of the module. `over`: of an override file."""
        if block.type == "terraform":
            self._add_settings(block, over=over)
        elif block.type in NAMED and LABELS[block.type] == len(block.labels):
            key = (block.type, block.labels)
            self._blocks[key] = OverriddenBlock(self._blocks[key], block) if over and key in self._blocks else block

    def _add_settings(self, block: Block, *, over: bool) -> None:
        version = _text(block, "required_version")
        if version is not None:
            self._terraform_versions = [version] if over else [*self._terraform_versions, version]
        for inner in block.blocks("required_providers"):
            for name, value in inner.attributes.items():
                self._required[name] = {"version": value} if value.text() is not None else dict(value.pairs())

    def interface(self) -> Interface:
        """Returns the interface of all blocks."""
        return Interface(
            terraform=tuple(self._terraform_versions),
            required=tuple(self._provider(name) for name in sorted(self._required)),
            providers=tuple(self._provider(name) for name in sorted(self._used_providers())),
            inputs=tuple(_input(name, block) for name, block in self._of("variable")),
            outputs=tuple(
                Output(name, _text(block, "description") or "", _is_true(block, "sensitive"))
                for name, block in self._of("output")
            ),
            resources=tuple(sorted(self._managed_resources(), key=lambda resource: (resource.name, resource.kind))),
            modules=tuple(
                CalledModule(name, _code(block, "source"), _text(block, "version") or "")
                for name, block in self._of("module")
            ),
        )

    def _of(self, kind: str) -> list[tuple[str, Block]]:
        named = ((".".join(labels), block) for (type_, labels), block in self._blocks.items() if type_ == kind)
        return sorted(named, key=lambda pair: pair[0])

    def _managed_resources(self) -> Iterator[ModuleResource]:
        for name, _ in self._of("resource"):
            yield ModuleResource(name, "resource")
        for name, _ in self._of("data"):
            yield ModuleResource(f"data.{name}", "data source")
        for name, _ in self._of("ephemeral"):
            yield ModuleResource(f"ephemeral.{name}", "ephemeral")

    def _used_providers(self) -> set[str]:
        """Returns the providers of all resources and data sources, and those that a caller has to pass."""
        used = set()
        for (kind, labels), block in self._blocks.items():
            if kind in ("resource", "data", "ephemeral"):
                used.add(_code(block, "provider") or implied_provider(labels[0]))
        for name, settings in self._required.items():
            if "configuration_aliases" in settings:
                aliases = (item.code().strip() for item in settings["configuration_aliases"].items())
                used |= {alias for alias in aliases if alias.startswith(f"{name}.")}
        return used

    def _provider(self, name: str) -> Provider:
        local = name.partition(".")[0]
        required = self._required.get(local, {})
        source = BUILTIN if local == "terraform" else f"hashicorp/{local}"
        return Provider(
            name,
            required["source"].code() if "source" in required else source,
            required["version"].code() if "version" in required else "",
        )


def _input(name: str, block: Block) -> Input:
    sensitive = _is_true(block, "sensitive")
    default = block.attributes["default"].source() if "default" in block.attributes else None
    return Input(
        name=name,
        description=_text(block, "description") or "",
        type=_code(block, "type") or "any",
        default="(sensitive)" if sensitive and default not in (None, "null", '""') else default,
        sensitive=sensitive,
        rules=tuple(
            Rule(_code(inner, "condition"), _text(inner, "error_message") or "") for inner in block.blocks("validation")
        ),
    )


def _text(block: Block, name: str) -> str | None:
    return block.attributes[name].text() if name in block.attributes else None


def _code(block: Block, name: str) -> str:
    return block.attributes[name].code() if name in block.attributes else ""


def _is_true(block: Block, name: str) -> bool:
    return name in block.attributes and block.attributes[name].source() == "true"
