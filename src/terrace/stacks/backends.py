"""Determines the backend location of the state of a stack, from literal values.

A state belongs to one stack. Two stacks with the same location would change and destroy each other's resources, each
under the gates of its own environment.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from terrace.clouds.all import BACKENDS
from terrace.clouds.state_location import Backend, Part, Workspace, fold_case, object_path
from terrace.config.model import DEFAULT_WORKSPACE
from terrace.errors import Place
from terrace.hcl.facts import Settings
from terrace.hcl.layout import is_override, is_tofu_only, replaced_files
from terrace.stacks.graph import Folder, Graph, local_state_path
from terrace.stacks.model import Stack
from terrace.stacks.values import ROOTED, UNKNOWN, Values

if TYPE_CHECKING:
    from terrace.stacks.inventory import Inventory


@dataclass(frozen=True, slots=True)
class BackendLocation:
    """The backend location of a state.

    `parts` identify it, normalized so that equal locations are equal texts. `hints` distinguish two locations only
    where both have them: an endpoint from the environment may equal the endpoint in another block. `unknown` are the
    parts without a literal value.
    """

    type: str
    parts: tuple[tuple[str, str], ...]
    hints: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    place: Place | None = None

    def is_same(self, other: BackendLocation) -> bool:
        """Returns whether both are certainly the same state."""
        if self.type != other.type or self.unknown or other.unknown or self.parts != other.parts:
            return False
        own_hints, other_hints = dict(self.hints), dict(other.hints)
        return all(own_hints[name] == other_hints[name] for name in own_hints.keys() & other_hints.keys())

    def __str__(self) -> str:
        settings = [f"{name} {value}" for name, value in self.parts if value]
        return " ".join([self.type, ", ".join([*settings, *(f"{name} unknown" for name in self.unknown)])])


@dataclass(frozen=True, slots=True)
class SharedState:
    """Two stacks with the same state. `address` is the location as the first stack has it."""

    stack: Stack
    other: Stack
    address: BackendLocation


def backend_locations(stack: Stack, graph: Graph) -> tuple[BackendLocation, ...]:
    """Returns the backend location of a stack: one, or two where Terraform and OpenTofu read different files.

    `backend_config` and `backend_files` in terrace.yaml take precedence over the block, as on the command line.
    """
    folder = graph.folders.get(stack.path)
    if folder is None:
        return ()
    readings = (_effective_block(folder, tofu=False), _effective_block(folder, tofu=True))
    locations = (_address(stack, _merged_settings(stack, settings, graph), path) for path, settings in readings)
    return tuple(dict.fromkeys(locations))


def _merged_settings(stack: Stack, block: Settings | None, graph: Graph) -> Settings | None:
    """Returns the settings of a backend block merged with those that `init` gets for the stack."""
    settings = _resolve(stack, block, graph)
    return graph.merge_settings(stack, settings) if settings is not None else None


def _resolve(stack: Stack, settings: Settings | None, graph: Graph) -> Settings | None:
    """Returns the settings with locals and variables resolved, which OpenTofu allows in a backend block."""
    if settings is None or not settings.templates:
        return settings
    values = Values(graph, stack, (stack.path,))
    known_parts = dict(settings.known)
    for name, template in settings.templates.items():
        texts = values.of(template, stack.path)
        if len(texts) == 1 and UNKNOWN not in texts[0] and ROOTED not in texts[0]:
            known_parts[name] = texts[0]
    unknown = tuple(name for name in settings.unknown if name not in known_parts)
    return Settings(settings.type, known_parts, unknown, settings.line)


class Match(Enum):
    """The result of comparing two backend locations."""

    SAME = "same"
    MAYBE = "maybe"
    NO = "no"


def read_location(kind: str, values: Mapping[str, str], *, partial: bool) -> BackendLocation:
    """Returns the backend location that a `terraform_remote_state` reads, by its settings.

    `UNKNOWN` in their values is an unknown part. `partial`: further settings are possible, so that no default applies.
    """
    workspace = values.get("workspace") or DEFAULT_WORKSPACE
    values = {name: value for name, value in values.items() if name != "workspace"}
    spec = BACKENDS.get(kind) or _all_settings(values, set())
    parts, unknown = [], []
    for part in spec.parts:
        value = _read_value(part, values, partial=partial)
        if value is None:
            unknown.append(part.name)
        else:
            parts.append((part.name, value))
    hints = ((hint.name, value) for hint in spec.hints if (value := _read_value(hint, values, partial=True)))
    in_workspace, unclear = spec.in_workspace(dict(parts), Workspace(workspace, values))
    return BackendLocation(kind, tuple(in_workspace.items()), tuple(hints), (*unknown, *unclear))


def _read_value(part: Part, values: Mapping[str, str], *, partial: bool) -> str | None:
    names = [name for name in (part.name, *part.instead) if name in values]
    if not names:
        return None if partial or part.default is None else part.normal(part.default)
    value = values[names[0]]
    if UNKNOWN not in value:
        return part.normal(value)
    # Only these functions keep the unknown parts.
    return part.normal(value) if part.normal in (str.strip, fold_case, object_path) and value != UNKNOWN else None


def matches(read: BackendLocation, owner: BackendLocation) -> Match:
    """Returns whether a data source with the location `read` reads the state at `owner`."""
    if read.type != owner.type:
        return Match.NO
    owner_parts, certain = dict(owner.parts), not (read.unknown or owner.unknown)
    for name, value in read.parts:
        if name not in owner_parts:
            if name not in owner.unknown:
                return Match.NO
            certain = False
        elif UNKNOWN in value:
            if not re.fullmatch(".*".join(map(re.escape, value.split(UNKNOWN))), owner_parts[name]):
                return Match.NO
            certain = False
        elif value != owner_parts[name]:
            return Match.NO
    if any(name not in dict(read.parts) and name not in read.unknown for name in owner_parts):
        return Match.NO
    hints, others = dict(read.hints), dict(owner.hints)
    if any(UNKNOWN not in hints[name] and hints[name] != others[name] for name in hints.keys() & others.keys()):
        return Match.NO
    return Match.SAME if certain else Match.MAYBE


def local_paths(stack: Stack, graph: Graph) -> tuple[str, ...]:
    """Returns the paths where Terraform on its own keeps the local state of a stack, besides the usual one, absolute or
    relative to its folder. There are none where it has another backend, or a path without a literal value."""
    folder = graph.folders.get(stack.path)
    if folder is None:
        return ()
    paths = []
    for tofu in (False, True):
        _, settings = _effective_block(folder, tofu=tofu)
        if settings is not None and settings.type == "local":
            settings_known = graph.merge_settings(stack, settings).known
            folder_of_workspaces = settings_known.get("workspace_dir", "")
            if stack.workspace == DEFAULT_WORKSPACE:
                paths.append(settings_known.get("path", ""))
            elif folder_of_workspaces:
                paths.append(posixpath.join(folder_of_workspaces, stack.workspace, "terraform.tfstate"))
    return tuple(dict.fromkeys(path for path in paths if path))


def kept_state_path(stack: Stack) -> str:
    """Returns the path of the local state of a stack below the folder where Terrace keeps local states."""
    return f"{stack.environment}/{stack.name}/{_local_state(stack.workspace)}"


def kept_state_paths(stack: Stack, inventory: Inventory) -> Mapping[str, str]:
    """Returns where Terrace keeps the local state of every other stack that has one, as `kept_state_path` does.

    The keys are the paths in the repository where Terraform on its own would keep them.

    If stacks of several environments share a folder, the result has the one of the same environment. Left out are
    two stacks of one environment with the same path, paths outside the repository, and folders with workspaces: `init`
    of one of their stacks would find the states of the others there and ask whether to migrate them.
    """
    readers: dict[str, list[Stack]] = {}
    with_workspaces = {stack.path for stack in inventory.stacks if stack.workspace != DEFAULT_WORKSPACE}
    for other in inventory.stacks:
        path = local_state_path(other, inventory.graph)
        if other.path == stack.path or other.path in with_workspaces:
            continue
        if path and not path.startswith(("/", "../")):
            readers.setdefault(path, []).append(other)
    paths = {}
    for path, others in readers.items():
        in_environment = [other for other in others if other.environment == stack.environment]
        meant = in_environment if len(others) > 1 else others
        if len(meant) == 1:
            paths[path] = kept_state_path(meant[0])
    return paths


def recorded_location(kind: str, config: Mapping[str, Any], workspace: str = DEFAULT_WORKSPACE) -> BackendLocation:
    """Returns the location in a workspace of the backend that Terraform recorded after `init`. For an unknown backend
    type it has only the type, since any setting can be a secret."""
    values = _flatten(config)
    spec = BACKENDS.get(kind, Backend(()))
    parts = [(part.name, value) for part in spec.parts if (value := _value(part, values, set())) is not None]
    in_workspace, _ = spec.in_workspace(dict(parts), Workspace(workspace, values))
    return BackendLocation(kind, tuple(in_workspace.items()))


def find_shared_states(inventory: Inventory) -> tuple[SharedState, ...]:
    """Returns every pair of stacks of one commit that have the same state, in any environments."""
    recorded = [
        (stack, backend_locations(stack, inventory.graph)) for stack in sorted(inventory.stacks, key=lambda s: s.key)
    ]
    sharings = []
    for number, (stack, locations) in enumerate(recorded):
        for other, other_locations in recorded[number + 1 :]:
            same = common_location(locations, other_locations)
            if same is not None:
                sharings.append(SharedState(stack, other, same))
    return tuple(sharings)


def find_taken_states(before: Inventory, after: Inventory) -> tuple[SharedState, ...]:
    """Returns the stacks of a commit that have the state which another stack had at an earlier commit.

    A stack that was renamed within its environment is left out: the other stack no longer exists.
    """
    taken = []
    keys = {stack.key for stack in after.stacks}
    for stack in sorted(after.stacks, key=lambda s: s.key):
        locations = backend_locations(stack, after.graph)
        for other in before.stacks:
            if other.key == stack.key or (other.environment == stack.environment and other.key not in keys):
                continue
            same = common_location(locations, backend_locations(other, before.graph))
            if same is not None:
                taken.append(SharedState(stack, other, same))
    return tuple(taken)


def changed_parts(
    judged: BackendLocation, kind: str, config: Mapping[str, Any], workspace: str = DEFAULT_WORKSPACE
) -> tuple[str, ...]:
    """Returns the names of the parts of an evaluated location that differ from the backend that Terraform recorded
    after `init`, in a workspace.

    Only known parts are compared: any other can come from the environment. Values are not returned, since a connection
    string can have a password.
    """
    if judged.type != kind:
        return ("type",)
    values = _flatten(config)
    spec = BACKENDS.get(kind) or _all_settings(values, set())
    recorded = [(part.name, value) for part in spec.parts if (value := _value(part, values, set())) is not None]
    parts: dict[str, str | None] = dict(spec.in_workspace(dict(recorded), Workspace(workspace, values))[0])
    parts |= {hint.name: _value(hint, values, set()) for hint in spec.hints}
    differing = [name for name, value in judged.parts if parts.get(name) != value]
    differing += [name for name, value in judged.hints if parts.get(name) not in (None, value)]
    return tuple(differing)


def _flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Returns settings by dotted names, as in a block, without those that have no value."""
    flat: dict[str, str] = {}
    for name, value in config.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, Mapping):
                flat |= _flatten(item, f"{prefix}{name}.")
            elif item is not None:
                flat[f"{prefix}{name}"] = str(item).lower() if isinstance(item, bool) else str(item)
    return flat


def common_location(locations: Iterable[BackendLocation], theirs: Iterable[BackendLocation]) -> BackendLocation | None:
    """Returns the location that two stacks share, as the first stack has it; None where they share none."""
    others = tuple(theirs)
    return next((location for location in locations if any(location.is_same(other) for other in others)), None)


def _effective_block(folder: Folder, *, tofu: bool) -> tuple[str, Settings | None]:
    """Returns the effective backend block of a folder, with its file."""
    names = folder.names or tuple(path.rpartition("/")[2] for path in folder.files)
    every = [(n, p, f.backend) for n, p, f in zip(names, folder.files, folder.facts, strict=True) if f.backend]
    ignored = replaced_files(names)
    read = [block for block in every if (block[0] not in ignored if tofu else not is_tofu_only(block[0]))]
    read.sort(key=lambda block: (is_override(block[0]), block[0]))
    return (read[-1][1], read[-1][2]) if read else ("", None)


def _address(stack: Stack, settings: Settings | None, path: str) -> BackendLocation:
    if settings is None or settings.type == "local":
        # Terrace keeps local states itself, at a path that depends only on the stack.
        place = Place(path, settings.line) if settings is not None else None
        return BackendLocation("local", (("path", posixpath.normpath(kept_state_path(stack)).casefold()),), place=place)
    values, unclear = settings.known, set(settings.unknown)
    kind = BACKENDS.get(settings.type) or _all_settings(values, unclear)
    parts, unknown = [], []
    for part in kind.parts:
        value = _value(part, values, unclear)
        if value is None:
            unknown.append(part.name)
        else:
            parts.append((part.name, value))
    hints = ((hint.name, value) for hint in kind.hints if (value := _value(hint, values, unclear)) is not None)
    in_workspace, more = kind.in_workspace(dict(parts), Workspace(stack.workspace, values, unclear))
    place = Place(path, settings.line or 1)
    return BackendLocation(settings.type, tuple(in_workspace.items()), tuple(hints), (*unknown, *more), place)


def _all_settings(values: Mapping[str, str], unclear: set[str]) -> Backend:
    """Returns how to identify a state in an unknown backend type: by all settings."""
    return Backend(tuple(Part(name) for name in sorted({*values, *unclear})))


def _value(part: Part, values: Mapping[str, str], unclear: set[str]) -> str | None:
    for name in (part.name, *part.instead):
        if name in values:
            return part.normal(values[name])
        if name in unclear or any(name_of.startswith(f"{name}.") for name_of in unclear):
            return None
    return part.normal(part.default) if part.default is not None else None


def _local_state(workspace: str) -> str:
    """Returns the path of a local state below the folder that Terrace has for its stack."""
    return (
        "terraform.tfstate" if workspace == DEFAULT_WORKSPACE else f"terraform.tfstate.d/{workspace}/terraform.tfstate"
    )
