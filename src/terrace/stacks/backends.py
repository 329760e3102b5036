"""Whose state is it: the address of the state of a stack, as far as literal values tell it.

A state belongs to one stack. Two stacks with one address would change and destroy each other's objects, each under the
gates of its own environment.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from terrace.config.model import DEFAULT_WORKSPACE
from terrace.errors import Place
from terrace.hcl.facts import Settings
from terrace.hcl.layout import is_override, is_tofu_only, replaced_files
from terrace.stacks.graph import Folder, Graph, local_state_path
from terrace.stacks.model import Stack
from terrace.stacks.values import ROOTED, UNKNOWN, Values

if TYPE_CHECKING:
    from terrace.stacks.inventory import Inventory

Normal = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Address:
    """Where the state of a stack is kept.

    `parts` identify it, in a form in which equal addresses are equal texts. `hints` tell two addresses apart only where
    both have them: an endpoint that one block leaves to the environment may be the one that another names. `unknown`
    are the parts without a literal value.
    """

    type: str
    parts: tuple[tuple[str, str], ...]
    hints: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    place: Place | None = None

    def is_same(self, other: Address) -> bool:
        """Whether both are the same state, as far as that is known."""
        if self.type != other.type or self.unknown or other.unknown or self.parts != other.parts:
            return False
        mine, theirs = dict(self.hints), dict(other.hints)
        return all(mine[name] == theirs[name] for name in mine.keys() & theirs.keys())

    def __str__(self) -> str:
        told = [f"{name} {value}" for name, value in self.parts if value]
        return " ".join([self.type, ", ".join([*told, *(f"{name} unknown" for name in self.unknown)])])


@dataclass(frozen=True, slots=True)
class Sharing:
    """Two stacks with one state. `place` is where the first says so."""

    stack: Stack
    other: Stack
    address: Address


@dataclass(frozen=True, slots=True)
class _Part:
    """A setting that identifies a state. `default` is what the backend takes where it is not set; None: it is unknown
    then, because the environment or a file of the machine may say it."""

    name: str
    default: str | None = None
    normal: Normal = str.strip
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    parts: tuple[_Part, ...]
    hints: tuple[_Part, ...] = ()


def addresses(stack: Stack, graph: Graph) -> tuple[Address, ...]:
    """Returns the address of the state of a stack: one, or two where Terraform and OpenTofu read different files.

    `backend_config` and `backend_files` of terrace.yaml come before the block, as on Terraform's command line.
    """
    folder = graph.folders.get(stack.path)
    if folder is None:
        return ()
    readings = (_in_force(folder, tofu=False), _in_force(folder, tofu=True))
    found = (_address(stack, _given(stack, settings, graph), path) for path, settings in readings)
    return tuple(dict.fromkeys(found))


def _given(stack: Stack, block: Settings | None, graph: Graph) -> Settings | None:
    """The settings of a backend block with those that `init` is given for the stack."""
    settings = _resolved(stack, block, graph)
    return graph.configured(stack, settings) if settings is not None else None


def _resolved(stack: Stack, settings: Settings | None, graph: Graph) -> Settings | None:
    """The settings with the values that locals and variables give, which OpenTofu takes in a backend block."""
    if settings is None or not settings.templates:
        return settings
    values = Values(graph, stack, (stack.path,))
    known = dict(settings.known)
    for name, template in settings.templates.items():
        texts = values.of(template, stack.path)
        if len(texts) == 1 and UNKNOWN not in texts[0] and ROOTED not in texts[0]:
            known[name] = texts[0]
    unknown = tuple(name for name in settings.unknown if name not in known)
    return Settings(settings.type, known, unknown, settings.line)


class Match(Enum):
    """Whether two addresses are the same one."""

    SAME = "same"
    MAYBE = "maybe"
    NO = "no"


def read_address(kind: str, given: Mapping[str, str], *, partial: bool) -> Address:
    """Returns the address that a `terraform_remote_state` reads, by its settings.

    In their values `UNKNOWN` stands for what is not known. `partial`: there may be settings besides, so that no default
    is taken for granted.
    """
    workspace = given.get("workspace") or DEFAULT_WORKSPACE
    given = {name: value for name, value in given.items() if name != "workspace"}
    found = _KINDS.get(kind) or _whole(given, set())
    parts, unknown = [], []
    for part in found.parts:
        value = _read_value(part, given, partial=partial)
        if value is None:
            unknown.append(part.name)
        else:
            parts.append((part.name, value))
    hints = ((hint.name, value) for hint in found.hints if (value := _read_value(hint, given, partial=True)))
    there, more = _in_workspace(kind, parts, given, set(), workspace)
    return Address(kind, there, tuple(hints), (*unknown, *more))


def _read_value(part: _Part, given: Mapping[str, str], *, partial: bool) -> str | None:
    names = [name for name in (part.name, *part.instead) if name in given]
    if not names:
        return None if partial or part.default is None else part.normal(part.default)
    value = given[names[0]]
    if UNKNOWN not in value:
        return part.normal(value)
    # Only these leave alone what is not known.
    return part.normal(value) if part.normal in (str.strip, _folded, _path) and value != UNKNOWN else None


def matches(read: Address, owner: Address) -> Match:
    """Returns whether an address that is read is that of the state of a stack, as far as both are known."""
    if read.type != owner.type:
        return Match.NO
    theirs, certain = dict(owner.parts), not (read.unknown or owner.unknown)
    for name, value in read.parts:
        if name not in theirs:
            if name not in owner.unknown:
                return Match.NO
            certain = False
        elif UNKNOWN in value:
            if not re.fullmatch(".*".join(map(re.escape, value.split(UNKNOWN))), theirs[name]):
                return Match.NO
            certain = False
        elif value != theirs[name]:
            return Match.NO
    if any(name not in dict(read.parts) and name not in read.unknown for name in theirs):
        return Match.NO
    mine, others = dict(read.hints), dict(owner.hints)
    if any(UNKNOWN not in mine[name] and mine[name] != others[name] for name in mine.keys() & others.keys()):
        return Match.NO
    return Match.SAME if certain else Match.MAYBE


def local_paths(stack: Stack, graph: Graph) -> tuple[str, ...]:
    """Returns the paths at which a plain Terraform would keep the local state of a stack, absolute or relative to its
    folder, beyond the usual one; none where it has another backend, or where no literal value tells the path."""
    folder = graph.folders.get(stack.path)
    if folder is None:
        return ()
    found = []
    for tofu in (False, True):
        _, settings = _in_force(folder, tofu=tofu)
        if settings is not None and settings.type == "local":
            given = graph.configured(stack, settings).known
            folder_of_workspaces = given.get("workspace_dir", "")
            if stack.workspace == DEFAULT_WORKSPACE:
                found.append(given.get("path", ""))
            elif folder_of_workspaces:
                found.append(posixpath.join(folder_of_workspaces, stack.workspace, "terraform.tfstate"))
    return tuple(dict.fromkeys(path for path in found if path))


def kept_state(stack: Stack) -> str:
    """Returns where the local state of a stack is below the folder in which Terrace keeps local states."""
    return f"{stack.environment}/{stack.name}/{_local_state(stack.workspace)}"


def kept_states(stack: Stack, inventory: Inventory) -> Mapping[str, str]:
    """Returns where Terrace keeps the local state of every other stack that has one (as `kept_state` does), by the path
    in the repository at which a plain Terraform would keep it.

    Where stacks of several environments have one folder, the one of the same environment is meant; two of those have
    one path and are left out. So are a path outside of the repository, and folders with workspaces: `init` of one of
    their stacks would find the states of the others there, and ask whether it is to move them.
    """
    found: dict[str, list[Stack]] = {}
    with_workspaces = {one.path for one in inventory.stacks if one.workspace != DEFAULT_WORKSPACE}
    for other in inventory.stacks:
        path = local_state_path(other, inventory.graph)
        if other.path == stack.path or other.path in with_workspaces:
            continue
        if path and not path.startswith(("/", "../")):
            found.setdefault(path, []).append(other)
    kept = {}
    for path, others in found.items():
        mine = [one for one in others if one.environment == stack.environment]
        meant = mine if len(others) > 1 else others
        if len(meant) == 1:
            kept[path] = kept_state(meant[0])
    return kept


def recorded_address(kind: str, config: Mapping[str, Any], workspace: str = DEFAULT_WORKSPACE) -> Address:
    """Returns the address in a workspace of the backend that Terraform recorded after `init`; of a type that is not
    known here only the type, since any other setting may be a secret."""
    given = _flattened(config)
    known = _KINDS.get(kind, _Kind(()))
    parts = [(part.name, value) for part in known.parts if (value := _value(part, given, set())) is not None]
    return Address(kind, _in_workspace(kind, parts, given, set(), workspace)[0])


def shared(inventory: Inventory) -> tuple[Sharing, ...]:
    """Returns every pair of stacks of one commit that have the same state, whatever their environments are."""
    known = [(stack, addresses(stack, inventory.graph)) for stack in sorted(inventory.stacks, key=lambda s: s.key)]
    found = []
    for number, (stack, mine) in enumerate(known):
        for other, theirs in known[number + 1 :]:
            same = common(mine, theirs)
            if same is not None:
                found.append(Sharing(stack, other, same))
    return tuple(found)


def taken(before: Inventory, after: Inventory) -> tuple[Sharing, ...]:
    """Returns the stacks of a commit that take over the state which another stack had at an earlier one.

    A stack that was renamed within its environment takes nothing over: the other one is gone then.
    """
    found = []
    keys = {stack.key for stack in after.stacks}
    for stack in sorted(after.stacks, key=lambda s: s.key):
        mine = addresses(stack, after.graph)
        for other in before.stacks:
            if other.key == stack.key or (other.environment == stack.environment and other.key not in keys):
                continue
            same = common(mine, addresses(other, before.graph))
            if same is not None:
                found.append(Sharing(stack, other, same))
    return tuple(found)


def moved_parts(
    judged: Address, kind: str, config: Mapping[str, Any], workspace: str = DEFAULT_WORKSPACE
) -> tuple[str, ...]:
    """Returns what of a judged address differs in a workspace of the backend that Terraform recorded after `init`.

    Only what the address tells is compared: for a part without a literal value the environment may say anything. The
    answer has no values: a connection may have a password.
    """
    if judged.type != kind:
        return ("type",)
    given = _flattened(config)
    found = _KINDS.get(kind) or _whole(given, set())
    recorded = [(part.name, value) for part in found.parts if (value := _value(part, given, set())) is not None]
    known: dict[str, str | None] = dict(_in_workspace(kind, recorded, given, set(), workspace)[0])
    known |= {hint.name: _value(hint, given, set()) for hint in found.hints}
    differing = [name for name, value in judged.parts if known.get(name) != value]
    differing += [name for name, value in judged.hints if known.get(name) not in (None, value)]
    return tuple(differing)


def _flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Settings as a block has them, by dotted names; those without a value are left out."""
    found: dict[str, str] = {}
    for name, value in config.items():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Mapping):
                found |= _flattened(one, f"{prefix}{name}.")
            elif one is not None:
                found[f"{prefix}{name}"] = str(one).lower() if isinstance(one, bool) else str(one)
    return found


def common(mine: Iterable[Address], theirs: Iterable[Address]) -> Address | None:
    """Returns the address that two stacks have in common, as the first says it; None where they have none."""
    others = tuple(theirs)
    return next((one for one in mine if any(one.is_same(other) for other in others)), None)


def _in_force(folder: Folder, *, tofu: bool) -> tuple[str, Settings | None]:
    """The backend block that is in force in a folder, with its file."""
    names = folder.names or tuple(path.rpartition("/")[2] for path in folder.files)
    every = [(n, p, f.backend) for n, p, f in zip(names, folder.files, folder.facts, strict=True) if f.backend]
    ignored = replaced_files(names)
    read = [one for one in every if (one[0] not in ignored if tofu else not is_tofu_only(one[0]))]
    read.sort(key=lambda one: (is_override(one[0]), one[0]))
    return (read[-1][1], read[-1][2]) if read else ("", None)


def _address(stack: Stack, settings: Settings | None, path: str) -> Address:
    if settings is None or settings.type == "local":
        # Terrace keeps local states itself, at a place that follows from the stack.
        place = Place(path, settings.line) if settings is not None else None
        return Address("local", (("path", posixpath.normpath(kept_state(stack)).casefold()),), place=place)
    given, unclear = settings.known, set(settings.unknown)
    kind = _KINDS.get(settings.type) or _whole(given, unclear)
    parts, unknown = [], []
    for part in kind.parts:
        value = _value(part, given, unclear)
        if value is None:
            unknown.append(part.name)
        else:
            parts.append((part.name, value))
    hints = ((hint.name, value) for hint in kind.hints if (value := _value(hint, given, unclear)) is not None)
    there, more = _in_workspace(settings.type, parts, given, unclear, stack.workspace)
    return Address(settings.type, there, tuple(hints), (*unknown, *more), Place(path, settings.line or 1))


def _whole(given: Mapping[str, str], unclear: set[str]) -> _Kind:
    """How a backend is told that is not known here: by all of its settings."""
    return _Kind(tuple(_Part(name) for name in sorted({*given, *unclear})))


def _value(part: _Part, given: Mapping[str, str], unclear: set[str]) -> str | None:
    for name in (part.name, *part.instead):
        if name in given:
            return part.normal(given[name])
        if name in unclear or any(one.startswith(f"{name}.") for one in unclear):
            return None
    return part.normal(part.default) if part.default is not None else None


# --- where each backend keeps the states of workspaces -----------------------------------------------------------


def _in_workspace(
    kind: str, parts: list[tuple[str, str]], given: Mapping[str, str], unclear: set[str], workspace: str
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The parts of an address in a workspace, and the settings without a literal value that it depends on besides.

    The workspace changes the very part that tells states apart, as in Terraform: a stack of the workspace `default` may
    name the state of another workspace by its key.
    """
    found = dict(parts)
    # The name of the object is put together of several settings, also in the workspace `default`.
    match kind:
        case "oss" | "cos":
            # oss/backend_state.go and cos/backend_state.go, stateFile: PREFIX/KEY, PREFIX/WORKSPACE/KEY
            prefix, key = found.pop("prefix", None), found.pop("key", None)
            if prefix is None or key is None:
                return tuple(found.items()), ("object",)
            between = "" if workspace == DEFAULT_WORKSPACE else f"{workspace}/"
            found["object"] = _path(f"{prefix}/{between}{key}")
            return tuple(found.items()), ()
        case "kubernetes":
            # kubernetes/client.go, createSecretName: tfstate-WORKSPACE-SUFFIX, also for `default`
            suffix = found.pop("secret_suffix", None)
            if suffix is None:
                return tuple(found.items()), ("secret",)
            found["secret"] = f"tfstate-{workspace}-{suffix}"
            return tuple(found.items()), ()
    if workspace == DEFAULT_WORKSPACE:
        return tuple(parts), ()
    match kind:
        case "s3" | "oci" if "key" in found:
            if "workspace_key_prefix" in unclear:
                del found["key"]
                return tuple(found.items()), ("workspace_key_prefix",)
            # s3/backend_state.go and oci/backend.go, path: WORKSPACE_KEY_PREFIX/WORKSPACE/KEY
            prefix = given.get("workspace_key_prefix", _WORKSPACE_PREFIXES[kind])
            found["key"] = _path(f"{prefix}/{workspace}/{found['key']}")
        case "azurerm" if "key" in found:
            # azure/backend_state.go, path
            found["key"] = f"{found['key']}env:{workspace}"
        case "consul" if "path" in found:
            # consul/backend_state.go, path
            found["path"] = f"{found['path']}-env:{workspace}"
        case _:
            # A row of the table (pg), the object PREFIX/WORKSPACE.tfstate (gcs/backend_state.go, stateFile), or a way
            # of their own.
            found["workspace"] = workspace
    return tuple(found.items()), ()


_WORKSPACE_PREFIXES = {"s3": "env:", "oci": "tf-state-env"}
"""What is before the names of workspaces where the backend block does not say it."""


def _local_state(workspace: str) -> str:
    """Where a local state is below the folder that Terrace keeps for a stack."""
    return (
        "terraform.tfstate" if workspace == DEFAULT_WORKSPACE else f"terraform.tfstate.d/{workspace}/terraform.tfstate"
    )


# --- how each backend reads its settings -------------------------------------------------------------------------


def _folded(text: str) -> str:
    return text.strip().casefold()


def _path(text: str) -> str:
    """A path in a store: clients clean it, and so `./a//b/` is `a/b`."""
    cleaned = posixpath.normpath(text.strip().replace("\\", "/")).strip("/")
    return "" if cleaned == "." else cleaned


def _url(text: str) -> str:
    """An address without its scheme and its user: host and port, path and query."""
    split = urlsplit(text.strip() if "://" in text else f"//{text.strip()}")
    try:
        port = split.port or {"https": 443, "http": 80}.get(split.scheme.casefold(), 443)
    except ValueError:
        return _folded(text)
    usual = "" if port in (80, 443) else f":{port}"
    query = f"?{split.query}" if split.query else ""
    return f"{_host(split.hostname or '')}{usual}/{_path(unquote(split.path))}{query}".rstrip("/")


def _host(name: str) -> str:
    bare = name.casefold().rstrip(".")
    return "localhost" if bare in ("", "127.0.0.1", "::1", "localhost", "[::1]") else bare


def _endpoint(text: str) -> str:
    """The endpoint of an object store; the official ones of AWS are all one."""
    found = _url(text)
    host = found.partition("/")[0]
    return "aws" if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) else found


_PAIR = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)")


def _connection(text: str) -> str:
    """Host, port and database of a connection to PostgreSQL. Never user or password: addresses are shown."""
    words: dict[str, str] = {}
    if "://" in text:
        split = urlsplit(text.strip())
        hosts = split.netloc.rpartition("@")[2]
        words = {"host": hosts, "dbname": unquote(split.path.strip("/")), "user": unquote(split.username or "")}
        words |= {name: value for name, value in parse_qsl(split.query) if name in ("host", "port", "dbname")}
    else:
        words = {name: value.strip("'") for name, value in _PAIR.findall(text)}
    host, _, port = words.get("host", words.get("hostaddr", "")).rpartition(":")
    if not port.isdigit():
        host, port = words.get("host", words.get("hostaddr", "")), ""
    port = words.get("port") or port or "5432"
    return f"{_host(host)}:{port}/{words.get('dbname') or words.get('user', '')}"


_KINDS: Mapping[str, _Kind] = {
    # Names of buckets are unique whatever the region is.
    "s3": _Kind(
        (_Part("bucket"), _Part("key", normal=_path)),
        (_Part("endpoint", normal=_endpoint, instead=("endpoints.s3",)),),
    ),
    "azurerm": _Kind(
        (
            _Part("storage_account_name", normal=_folded),
            _Part("container_name", normal=_folded),
            _Part("key", normal=_path),
        ),
        # Names of accounts are unique in one cloud. azure/backend.go: ARM_ENVIRONMENT, else `public`.
        (_Part("environment", normal=_folded),),
    ),
    # gcs/backend.go: the endpoint may also come from GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT.
    "gcs": _Kind((_Part("bucket"), _Part("prefix", "", _path)), (_Part("storage_custom_endpoint", normal=_url),)),
    # pg/backend.go: the connection may come from PG_CONN_STR, so that it has no default.
    "pg": _Kind((_Part("conn_str", normal=_connection), _Part("schema_name", "terraform_remote_state"))),
    "http": _Kind((_Part("address", normal=_url),)),
    # consul/backend.go: the client takes the address from CONSUL_HTTP_ADDR where the block has none.
    "consul": _Kind((_Part("path", normal=_path),), (_Part("address", normal=_url), _Part("datacenter"))),
    # kubernetes/backend.go: KUBE_NAMESPACE, KUBE_HOST, KUBE_CTX; without any of them the namespace is `default`.
    "kubernetes": _Kind(
        (_Part("secret_suffix"), _Part("namespace", "default")),
        (_Part("host", normal=_url), _Part("config_context")),
    ),
    "remote": _Kind(
        (_Part("organization", normal=_folded), _Part("workspaces.name", instead=("workspaces.prefix",))),
        (_Part("hostname", "app.terraform.io", _url),),
    ),
    # oss/backend.go
    "oss": _Kind((_Part("bucket"), _Part("prefix", "env:", _path), _Part("key", "terraform.tfstate", _path))),
    # cos/backend.go: a bucket's name has the id of the account in it.
    "cos": _Kind((_Part("bucket"), _Part("prefix", "", _path), _Part("key", "terraform.tfstate", _path))),
    # oci/backend.go, oci/constants.go: names of buckets are unique in one region of a namespace.
    "oci": _Kind(
        (_Part("namespace"), _Part("bucket"), _Part("key", "terraform.tfstate", _path)),
        (_Part("region", normal=_folded),),
    ),
}
"""What identifies a state, by the type of its backend. The files named here are those of Terraform's own code below
internal/backend/remote-state."""
