"""Facts of one configuration file about other files, providers and state: everything that the module graph needs.

Facts depend only on the content of a file, never on its path, so that a cache keeps them by content.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

FORMAT = 9
"""The version of the facts. It increases when the same bytes give other facts; cached facts of other versions are
ignored."""

BUILTIN = "terraform.io/builtin/terraform"
"""The provider of `terraform_data` and `terraform_remote_state`: it is Terraform itself."""


def implied_provider(kind: str) -> str:
    """Returns the local name of the provider of a resource type, where the resource has no `provider` argument."""
    return kind.partition("_")[0]


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A part of a string: literal text, `path.module`, `path.root`, a local, a variable, the workspace, or an unknown
    text.

    `path.cwd` is `path.root`: Terraform runs in the folder of the stack.
    """

    kind: Literal["text", "module", "root", "local", "var", "workspace", "unknown"]
    text: str = ""


Template = tuple[Part, ...]


class ModuleCall(msgspec.Struct, frozen=True, array_like=True):
    """A `module` block. `source` is None where it is not a literal; `template` has the known parts of it."""

    name: str
    source: str | None
    template: Template = ()
    version: str | None = None
    arguments: dict[str, Template] = {}
    line: int = 0


class Read(msgspec.Struct, frozen=True, array_like=True):
    """A path that the file reads, or possibly reads.

    `how`: `file` (a function reads this path), `set` (`fileset` of this folder with `pattern`; "" is unknown),
    `mention` (a string that is a path, read by the provider that gets it), `doubt` (an unknown file under this path, or
    any file where the path is unknown). `text` is the source of the expression, truncated where it is long.
    """

    how: Literal["file", "set", "mention", "doubt"]
    template: Template
    line: int
    pattern: str = ""
    function: str = ""
    text: str = ""


class Words(msgspec.Struct, frozen=True, array_like=True):
    """A string that a provider, a program or a function can use as a path, with the line where it begins.

    A word of a longer text is one too: a command names files between other words.
    """

    template: Template
    line: int


class Settings(msgspec.Struct, frozen=True, array_like=True):
    """Settings of a backend: those with literal values, and the names of the others.

    `templates` has the known parts of the others. For a `terraform_remote_state`, `name` is its name, and `type` is ""
    where it is not a literal. `partial`: further settings with unknown names are possible.
    """

    type: str
    known: dict[str, str] = {}
    unknown: tuple[str, ...] = ()
    line: int = 0
    templates: dict[str, Template] = {}
    name: str = ""
    partial: bool = False


class OutputUse(msgspec.Struct, frozen=True, array_like=True):
    """A reference to an output of another stack: `data.terraform_remote_state.STATE.outputs.OUTPUT`."""

    state: str
    output: str
    line: int


class ProviderSettings(msgspec.Struct, frozen=True, array_like=True):
    """The accounts of a `provider` block. `accounts` are account ids, or ARNs of roles in the accounts; `tags` are the
    default tags that name an environment, by tag name."""

    name: str
    line: int
    alias: bool = False
    accounts: tuple[Template, ...] = ()
    tags: dict[str, Template] = {}


class RequiredProvider(msgspec.Struct, frozen=True, array_like=True):
    """One entry of `required_providers`. `line` is 0 where it is unknown."""

    name: str
    source: str | None = None
    version: str | None = None
    line: int = 0


class FileFacts(msgspec.Struct, frozen=True, array_like=True):
    """The facts of one file. Lines count from 1; 0 means that there is none, or that it is unknown.

    - `init`: a hash of everything in the file that `terraform init` depends on; "" where the file has nothing of that.
    - `states`: the `terraform_remote_state` data sources.
    - `locals`, `defaults`: the local values and the defaults of variables.
    - `used`: the local names of the providers of all resources, data sources and `provider` blocks.
    - `configured`: the providers whose `provider` block sets more than an alias, with its line.
    - `words`: the strings that can be paths.
    - `values`: the attributes outside blocks, which a variable file consists of.
    - `outputs`: the names of the outputs, with their lines.
    - `output_uses`: the references to outputs of other stacks.
    """

    modules: tuple[ModuleCall, ...] = ()
    reads: tuple[Read, ...] = ()
    backend: Settings | None = None
    states: tuple[Settings, ...] = ()
    locals: dict[str, Template] = {}
    defaults: dict[str, Template] = {}
    required_version: tuple[str, ...] = ()
    required_providers: tuple[RequiredProvider, ...] = ()
    cloud_line: int = 0
    workspace_line: int = 0
    error_line: int = 0
    init: str = ""
    used: tuple[str, ...] = ()
    words: tuple[Words, ...] = ()
    values: dict[str, Template] = {}
    outputs: dict[str, int] = {}
    output_uses: tuple[OutputUse, ...] = ()
    configured: dict[str, int] = {}
    providers: tuple[ProviderSettings, ...] = ()


def provider_sources(module: Iterable[FileFacts]) -> frozenset[str]:
    """Returns the sources of the providers that the files of one module need: those that it requires, and
    `hashicorp/NAME` for those that it uses without requiring them. The provider that is built in is left out."""
    files = tuple(module)
    required = {need.name: need.source or need.name for facts in files for need in facts.required_providers}
    used = {name for facts in files for name in facts.used} - required.keys()
    return frozenset({*required.values(), *(f"hashicorp/{name}" for name in used - {"terraform"})} - {BUILTIN})
