"""States as Terraform writes them, format 4: read, compared, and given another serial. Values never get out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from terrace import typed_json
from terrace.errors import BadInput, Corrupt
from terrace.plans.ports import Output, Recorded, StateSnapshot

FORMAT = 4
_value = msgspec.json.Decoder(float_hook=str)


class _Instance(msgspec.Struct):
    index_key: str | int | None = None
    deposed: str = ""
    status: str = ""
    attributes: dict[str, msgspec.Raw] = {}
    attributes_flat: dict[str, msgspec.Raw] = {}


class _Resource(msgspec.Struct):
    type: str
    name: str
    mode: str = "managed"
    module: str = ""
    instances: list[_Instance] = []


class _Output(msgspec.Struct):
    value: object = None
    sensitive: bool = False


class _RawOutput(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")


class _State(msgspec.Struct):
    version: int = 0
    serial: int = 0
    lineage: str = ""
    terraform_version: str = ""
    outputs: dict[str, _Output] = {}
    resources: list[_Resource] = []


@dataclass(frozen=True, slots=True)
class Changed:
    """An object that both states have and that differs in these attributes; their values are not told."""

    address: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateDiff:
    """The differences between two states, by address and name. Values are never in it."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.added or self.removed or self.changed or self.outputs)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two states of a stack, the older one first: their names, their headers, and the difference."""

    stack: str
    old_name: str
    old: StateSnapshot
    new_name: str
    new: StateSnapshot
    diff: StateDiff


STATE_BYTES = 2**29
"""Maximum size of a state in bytes: real states reach about 100 MB, and several copies of one are in memory."""


def read_state(content: bytes, subject: str, *, size: int = STATE_BYTES) -> StateSnapshot:
    """A state with its header; empty content means that there is no state.

    Raises Corrupt if it does not have format 4, and BadInput if it has more than `size` bytes.
    """
    if len(content) > size:
        raise BadInput(
            f"{subject} has {len(content):,} bytes, and Terrace reads {size:,} at most",
            hint="split the stack: Terraform itself needs minutes for a state of that size",
        )
    if not content.strip():
        return StateSnapshot(b"")
    if is_encrypted(content):
        raise Corrupt(
            f"{subject} is encrypted by OpenTofu, and nothing here opens it",
            hint="use OpenTofu (`terraform: {binary: tofu}`) with the configuration that has its `encryption` block",
        )
    state = _state(content, subject)
    # The response of an object store without a state: no state has a lineage before it is first written.
    if not (state.lineage or state.resources or state.outputs):
        return StateSnapshot(b"")
    return StateSnapshot(
        content=content,
        lineage=state.lineage,
        serial=state.serial,
        terraform_version=state.terraform_version,
        outputs={name: Output(output.value, output.sensitive) for name, output in state.outputs.items()},
    )


class _Sealed(msgspec.Struct):
    encrypted_data: str
    meta: dict[str, msgspec.Raw] = {}


def is_encrypted(content: bytes) -> bool:
    """Returns whether OpenTofu encrypted the state: only OpenTofu can read it, with the key of the configuration."""
    try:
        return bool(typed_json.decode(content, _Sealed).encrypted_data)
    except (msgspec.MsgspecError, RecursionError):
        return False


def resources_by_address(content: bytes) -> dict[str, Recorded]:
    """Returns the resources of a state by address."""
    return {
        address: Recorded(id=str(_plain(attributes.get("id")) or ""), tainted="(tainted)" in attributes)
        for address, attributes in _instances(content).items()
    }


def objects(content: bytes) -> int:
    """How many objects a state holds."""
    return len(_instances(content))


def holds_nothing(content: bytes) -> bool:
    """Returns whether a state has no resource and no output: nothing is lost with it."""
    return not (_instances(content) or _outputs(content))


def addresses_in(content: bytes) -> tuple[str, ...]:
    """The addresses of the managed objects that a state holds, sorted."""
    return tuple(
        sorted(address for address in _instances(content) if not address.rpartition(".data.")[2].startswith("data."))
    )


def with_serial(content: bytes, serial: int) -> bytes:
    """The same state under another serial; nothing else of it is touched, not even how a number is written."""
    parts = _parts(content)
    parts["serial"] = msgspec.Raw(str(serial).encode())
    return msgspec.json.encode(parts)


def with_lineage(content: bytes, lineage: str) -> bytes:
    """The same state under another lineage; nothing else of it is touched."""
    parts = _parts(content)
    parts["lineage"] = msgspec.Raw(msgspec.json.encode(lineage))
    return msgspec.json.encode(parts)


def empty_state(content: bytes, serial: int) -> bytes:
    """Returns an empty state of the same lineage: a backend cannot delete a state."""
    parts = _parts(content)
    parts |= {"resources": msgspec.Raw(b"[]"), "outputs": msgspec.Raw(b"{}"), "check_results": msgspec.Raw(b"null")}
    parts["serial"] = msgspec.Raw(str(serial).encode())
    return msgspec.json.encode(parts)


def same_objects(content: bytes, other: bytes) -> bool:
    """Returns whether two states of one lineage have the same resources and outputs. An empty state equals no state.

    Serial, version and what another version of Terraform notes besides may differ.
    """
    if not compare(content, other).empty:
        return False
    return not (_instances(content) or _outputs(content)) or _lineage(content) == _lineage(other)


def compare(old: bytes, new: bytes) -> StateDiff:
    """Returns the additions, removals and changes from the old state to the new one. No content is an empty state."""
    before, after = _instances(old), _instances(new)
    changed = []
    for address in sorted(before.keys() & after.keys()):
        names = tuple(sorted(_differing_addresses(before[address], after[address])))
        if names:
            changed.append(Changed(address, names))
    outputs = _differing_addresses(_outputs(old), _outputs(new))
    return StateDiff(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(changed),
        outputs=tuple(sorted(outputs)),
    )


def _state(content: bytes, subject: str) -> _State:
    try:
        state = typed_json.decode(content, _State)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Corrupt(f"{subject} is not a state that Terraform writes") from error
    if state.version != FORMAT:
        raise Corrupt(f"{subject} is a state of format {state.version}, and only {FORMAT} is known")
    return state


def _parts(content: bytes) -> dict[str, msgspec.Raw]:
    return typed_json.decode(content, dict[str, msgspec.Raw])


def _lineage(content: bytes) -> str:
    return _state(content, "what was given").lineage


def _plain(raw: msgspec.Raw | None) -> Any:
    return _value.decode(raw) if raw is not None else None


def _instances(content: bytes) -> dict[str, Mapping[str, msgspec.Raw]]:
    """The attributes of every object by its address."""
    if not content.strip():
        return {}
    return dict(_by_address(_state(content, "what was given")))


def _by_address(state: _State) -> Iterator[tuple[str, Mapping[str, msgspec.Raw]]]:
    for resource in state.resources:
        data = "data." if resource.mode == "data" else ""
        head = f"{resource.module}." if resource.module else ""
        for instance in resource.instances:
            address = f"{head}{data}{resource.type}.{resource.name}{_index(instance.index_key)}"
            deposed = f" (deposed {instance.deposed})" if instance.deposed else ""
            attributes = instance.attributes or instance.attributes_flat
            # Terraform replaces what is tainted: that is a difference, though no attribute differs.
            tainted = {"(tainted)": msgspec.Raw(b"true")} if instance.status == "tainted" else {}
            yield address + deposed, {**attributes, **tainted}


def _index(key: str | int | None) -> str:
    if key is None:
        return ""
    return f"[{key}]" if isinstance(key, int) else f"[{msgspec.json.encode(key).decode()}]"


def _outputs(content: bytes) -> Mapping[str, msgspec.Raw]:
    if not content.strip():
        return {}
    outputs = typed_json.decode(_parts(content).get("outputs", msgspec.Raw(b"{}")), dict[str, _RawOutput])
    return {name: output.value for name, output in outputs.items()}


def _differing_addresses(outputs: Mapping[str, msgspec.Raw], other: Mapping[str, msgspec.Raw]) -> set[str]:
    return {
        name
        for name in outputs.keys() | other.keys()
        if name not in outputs or name not in other or _plain(outputs[name]) != _plain(other[name])
    }
