"""GitHub's published description as a judge of requests, answers and webhooks: what it does not know is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import jsonschema_rs

_ADDRESS = "urn:github"

DESCRIPTION = Path(__file__).parent / "description.json"


class ContractBroken(AssertionError):
    """A request, an answer or a webhook is not as GitHub describes it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API; `pattern` matches its paths and names their parts."""

    id: str
    verb: str
    pattern: re.Pattern[str]
    said: Mapping[str, Any]


class Contract:
    """The description, read once. Every method raises ContractBroken with what is wrong and where."""

    def __init__(self, path: Path = DESCRIPTION) -> None:
        self._whole = _without_nullable(json.loads(path.read_text("utf-8")))
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, the most exact paths first: `/a/b` goes before `/a/{b}`, and `/{ref}/b` before `/{ref}`."""
        found = [
            Operation(said["operationId"], verb.upper(), _pattern(path), said)
            for path, item in sorted(self._whole["paths"].items(), key=lambda pair: _exactness(pair[0]))
            for verb, said in item.items()
        ]
        return tuple(found)

    def component(self, name: str) -> Mapping[str, Any]:
        """A schema that others refer to."""
        found: Mapping[str, Any] = self._whole["components"]["schemas"][name]
        return found

    def request(self, verb: str, path: str, query: str, body: bytes) -> tuple[Operation, dict[str, str], Any]:
        """The operation that a request asks for, the parts of its path and its body, each as described."""
        operation, parts = self._route(verb, path)
        parameters = [self._resolved(one) for one in operation.said.get("parameters", [])]
        known = {one["name"]: one for one in parameters if one["in"] == "query"}
        for name, values in parse_qs(query, keep_blank_values=True).items():
            if name not in known:
                raise ContractBroken(f"{operation.id}: no parameter is called {name}")
            self._judge(known[name]["schema"], _typed(values[-1], known[name]["schema"]), f"{operation.id}?{name}")
        given = self._body(operation, body)
        return operation, parts, given

    def answer(self, operation: Operation, status: int, body: bytes) -> None:
        """Judge what came back."""
        answers = operation.said["responses"]
        if str(status) not in answers:
            raise ContractBroken(f"{operation.id} does not answer {status}")
        schema = _schema(self._resolved(answers[str(status)]))
        if schema is None:
            if body:
                raise ContractBroken(f"{operation.id} answers {status} with no body")
            return
        self._judge(schema, json.loads(body), f"{operation.id} {status}")

    def webhook(self, event: str, payload: Mapping[str, Any]) -> None:
        """Judge a delivery. `event` is the header's, like `issue_comment`."""
        action = payload.get("action")
        name = f"{event}-{action}".replace("_", "-") if action is not None else event.replace("_", "-")
        if name not in self._whole["x-webhooks"]:
            raise ContractBroken(f"no webhook is called {name}")
        schema = _schema(self._whole["x-webhooks"][name]["post"]["requestBody"])
        self._judge(schema, payload, name)

    def _route(self, verb: str, path: str) -> tuple[Operation, dict[str, str]]:
        for operation in self.operations:
            matched = operation.pattern.fullmatch(path)
            if operation.verb == verb and matched:
                return operation, {name: unquote(part) for name, part in matched.groupdict().items()}
        raise ContractBroken(f"no operation answers {verb} {path}")

    def _body(self, operation: Operation, body: bytes) -> Any:
        described = operation.said.get("requestBody")
        if described is None:
            if body:
                raise ContractBroken(f"{operation.id} takes no body")
            return None
        if not body:
            if described.get("required"):
                raise ContractBroken(f"{operation.id} wants a body")
            return None
        schema = _schema(self._resolved(described))
        given = json.loads(body)
        self._judge(schema, given, operation.id)
        unknown = set(given) - self._fields(schema) if isinstance(given, dict) else set()
        if unknown:
            # The description lets any field through; GitHub ignores those it does not know, and so does nobody notice.
            raise ContractBroken(f"{operation.id}: no field is called {', '.join(sorted(unknown))}")
        return given

    def _fields(self, schema: Any) -> set[str]:
        whole = self._resolved(schema)
        inner = (one for kind in ("oneOf", "anyOf", "allOf") for one in whole.get(kind, ()))
        return set(whole.get("properties", {})).union(*(self._fields(one) for one in inner))

    def _resolved(self, piece: Any) -> Any:
        while "$ref" in piece:
            _, _, kind, name = piece["$ref"].split("/", 3)
            piece = self._whole["components"][kind][name]
        return piece

    def _judge(self, schema: Any, value: Any, what: str) -> None:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = self._validator(key)
        found = next(iter(self._validators[key].iter_errors(value)), None)
        if found is not None:
            raise ContractBroken(f"{what}: {'.'.join(map(str, found.instance_path))}: {found.message[:400]}")

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        # Validators share the components: with a copy in each, they took gigabytes.
        components = {"components": self._whole["components"]}
        return jsonschema_rs.Registry([(_ADDRESS, components)], draft=jsonschema_rs.Draft202012)

    def _validator(self, schema: str) -> jsonschema_rs.Draft202012Validator:
        shared = json.loads(schema.replace('"#/components/', f'"{_ADDRESS}#/components/'))
        return jsonschema_rs.Draft202012Validator(shared, validate_formats=True, registry=self._registry)


@cache
def contract() -> Contract:
    """The contract that all fakes of this process share."""
    return Contract()


def _exactness(path: str) -> tuple[int, int, str]:
    parts = path.split("/")
    variable = sum(1 for part in parts if part.startswith("{"))
    return (variable - len(parts), variable, path)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[a-z_]+\})", path)
    # A ref and a path of a file have slashes in them.
    wide = {"{ref}", "{path}", "{basehead}", "{branch}"}
    named = (f"(?P<{p[1:-1]}>{'.+' if p in wide else '[^/]+'})" if p.startswith("{") else re.escape(p) for p in parts)
    return re.compile("".join(named))


def _schema(piece: Any) -> Any:
    content = piece.get("content") or {}
    return content["application/json"].get("schema") if "application/json" in content else None


def _typed(value: str, schema: Any) -> Any:
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _without_nullable(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema has it."""
    if isinstance(value, list):
        return [_without_nullable(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _without_nullable(inner) for key, inner in value.items() if key != "nullable"}
    if value.get("nullable") is not True:
        return made
    if isinstance(made.get("type"), str) and "enum" not in made:
        return {**made, "type": [made["type"], "null"]}
    return {"anyOf": [made, {"type": "null"}]}
