"""What one configuration file says about other files, providers and state: all that the graph needs of it.

Facts depend on the content alone, never on where the file lies, so that they are kept by content forever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

FORMAT = 9
"""Goes up whenever a reader finds other facts in the same bytes; kept facts of other formats are not used."""

BUILTIN = "terraform.io/builtin/terraform"
"""The provider of `terraform_data` and `terraform_remote_state`: it is Terraform itself."""


def implied_provider(kind: str) -> str:
    """The local name of the provider that a type of resource belongs to, where nothing else is said."""
    return kind.partition("_")[0]


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a string: literal text, `path.module`, `path.root`, a local, a variable, the workspace, or
    something unknown.

    `path.cwd` is `path.root`: Terraform runs in the folder of the stack.
    """

    kind: Literal["text", "module", "root", "local", "var", "workspace", "unknown"]
    text: str = ""


Template = tuple[Part, ...]


class ModuleCall(msgspec.Struct, frozen=True, array_like=True):
    """A `module` block. `source` is None when it is not a literal; `template` says what is known of it then."""

    name: str
    source: str | None
    template: Template = ()
    version: str | None = None
    arguments: dict[str, Template] = {}
    line: int = 0


class Read(msgspec.Struct, frozen=True, array_like=True):
    """Something that the file reads, or may read.

    `how`: `file` (a function reads this path), `set` (`fileset` of this folder with `pattern`; "": not known),
    `mention` (a string that is a path, to whatever takes it), `doubt` (something under this path, or anything when
    nothing is known). `text` is the expression as it is written, cut where it is long.
    """

    how: Literal["file", "set", "mention", "doubt"]
    template: Template
    line: int
    pattern: str = ""
    function: str = ""
    text: str = ""


class Words(msgspec.Struct, frozen=True, array_like=True):
    """A string that a provider, a program or a function may take for a path, with the line where it begins.

    A word of a longer text counts as well: a command names files between other words.
    """

    template: Template
    line: int


class Settings(msgspec.Struct, frozen=True, array_like=True):
    """Settings of a backend: those with literal values, and the names of the others.

    `templates` says what is known of those others. Of a `terraform_remote_state`, `name` is its name, and `type` is ""
    where it is no literal. `partial`: there may be settings whose names are not known.
    """

    type: str
    known: dict[str, str] = {}
    unknown: tuple[str, ...] = ()
    line: int = 0
    templates: dict[str, Template] = {}
    name: str = ""
    partial: bool = False


class OutputUse(msgspec.Struct, frozen=True, array_like=True):
    """A use of an output of another stack: `data.terraform_remote_state.STATE.outputs.OUTPUT`."""

    state: str
    output: str
    line: int


class ProviderSettings(msgspec.Struct, frozen=True, array_like=True):
    """What a `provider` block says of whose account it works in. `accounts` are ids of accounts, or ARNs of roles in
    them; `tags` those of the tags that it gives to everything which name an environment, by their names."""

    name: str
    line: int
    alias: bool = False
    accounts: tuple[Template, ...] = ()
    tags: dict[str, Template] = {}


class RequiredProvider(msgspec.Struct, frozen=True, array_like=True):
    """One entry of `required_providers`. `line` is 0 where it is not known."""

    name: str
    source: str | None = None
    version: str | None = None
    line: int = 0


class FileFacts(msgspec.Struct, frozen=True, array_like=True):
    """The facts of one file. Lines count from 1; 0 means that there is none, or that it is not known.

    `init` is a hash of everything in the file that `terraform init` depends on, "" when that is nothing. `states`
    are the `terraform_remote_state` data sources, `locals` and `defaults` those values that are strings. `used` are the
    local names of the providers that resources, data sources and `provider` blocks are of; `configured` those that a
    `provider` block sets more of than an alias, with its line. `words` are the strings that may be paths; `values` the
    attributes outside of blocks, which a file of variables consists of; `outputs` the names of the outputs, with their
    lines; `output_uses` the outputs of other stacks that are used.
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
    """The providers that the files of one module need, by source: those that it requires, and those of `hashicorp` that
    Terraform takes for whatever it uses without requiring it. Terraform's own is none of them."""
    files = tuple(module)
    required = {need.name: need.source or need.name for facts in files for need in facts.required_providers}
    used = {name for facts in files for name in facts.used} - required.keys()
    return frozenset({*required.values(), *(f"hashicorp/{name}" for name in used - {"terraform"})} - {BUILTIN})
