"""How a backend names a state: the settings that identify it, and the effect of a workspace on them.

A setting has the same text where it means the same: `Part.normal` removes differences that the backend ignores.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from terrace.config.model import DEFAULT_WORKSPACE

Normal = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Part:
    """A setting that identifies a state. `default` is the default of the backend; None: without the setting the value
    is unknown, because it can come from the environment or a file on the machine. `instead` are other names of it."""

    name: str
    default: str | None = None
    normal: Normal = str.strip
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace, and the settings of the block that is read in it: `given` by name, and names of `unclear` ones."""

    name: str
    given: Mapping[str, str] = field(default_factory=dict)
    unclear: Set[str] = frozenset()

    @property
    def is_default(self) -> bool:
        """Returns whether it is the workspace that every backend has."""
        return self.name == DEFAULT_WORKSPACE


Parts = Mapping[str, str]
"""The known parts of a location by name."""

Placed = tuple[Parts, tuple[str, ...]]
"""The parts of a location in a workspace, and the unknown settings that it also depends on."""


def workspace_as_part(parts: Parts, workspace: Workspace) -> Placed:
    """Returns the location where the workspace is a part of its own: a row of a table, or a name of an object."""
    return (parts if workspace.is_default else {**parts, "workspace": workspace.name}), ()


def workspace_as_suffix(part: str, suffix: str) -> Callable[[Parts, Workspace], Placed]:
    """Returns a function for a backend that adds a suffix and the name of the workspace to a part."""

    def place(parts: Parts, workspace: Workspace) -> Placed:
        if workspace.is_default or part not in parts:
            return workspace_as_part(parts, workspace)
        return {**parts, part: f"{parts[part]}{suffix}{workspace.name}"}, ()

    return place


def workspace_as_folder(default_prefix: str) -> Callable[[Parts, Workspace], Placed]:
    """Returns a function for a backend with the path WORKSPACE_KEY_PREFIX/WORKSPACE/KEY."""

    def place(parts: Parts, workspace: Workspace) -> Placed:
        if workspace.is_default or "key" not in parts:
            return workspace_as_part(parts, workspace)
        others = {name: value for name, value in parts.items() if name != "key"}
        if "workspace_key_prefix" in workspace.unclear:
            return others, ("workspace_key_prefix",)
        prefix = workspace.given.get("workspace_key_prefix", default_prefix)
        return {**parts, "key": object_path(f"{prefix}/{workspace.name}/{parts['key']}")}, ()

    return place


def workspace_in_object(parts: Parts, workspace: Workspace) -> Placed:
    """Returns the location where one object has the name PREFIX/KEY or PREFIX/WORKSPACE/KEY."""
    others = {name: value for name, value in parts.items() if name not in ("prefix", "key")}
    if "prefix" not in parts or "key" not in parts:
        return others, ("object",)
    between = "" if workspace.is_default else f"{workspace.name}/"
    return {**others, "object": object_path(f"{parts['prefix']}/{between}{parts['key']}")}, ()


@dataclass(frozen=True, slots=True)
class Backend:
    """The settings that identify a state in a type of backend.

    `hints` distinguish two locations only where both have them: an endpoint from the environment may equal the endpoint
    in another block. `in_workspace` changes the same part as Terraform, because a stack in the workspace `default` can
    have a key that is the state of another workspace.
    """

    parts: tuple[Part, ...]
    hints: tuple[Part, ...] = ()
    in_workspace: Callable[[Parts, Workspace], Placed] = workspace_as_part


def fold_case(text: str) -> str:
    """Returns a name that ignores upper and lower case."""
    return text.strip().casefold()


def object_path(text: str) -> str:
    """Returns a path in an object store as clients normalize it: `./a//b/` is `a/b`."""
    cleaned = posixpath.normpath(text.strip().replace("\\", "/")).strip("/")
    return "" if cleaned == "." else cleaned


def url(text: str) -> str:
    """Returns a URL without scheme and user: host and port, path and query."""
    split = urlsplit(text.strip() if "://" in text else f"//{text.strip()}")
    try:
        port = split.port or {"https": 443, "http": 80}.get(split.scheme.casefold(), 443)
    except ValueError:
        return fold_case(text)
    usual = "" if port in (80, 443) else f":{port}"
    query = f"?{split.query}" if split.query else ""
    return f"{host_name(split.hostname or '')}{usual}/{object_path(unquote(split.path))}{query}".rstrip("/")


def host_name(name: str) -> str:
    """Returns a host as it is compared: every name of the machine itself is `localhost`."""
    bare = name.casefold().rstrip(".")
    return "localhost" if bare in ("", "127.0.0.1", "::1", "localhost", "[::1]") else bare
