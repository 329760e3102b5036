"""Configurations drawn from a provider's own schema: one resource of each of some types, with what it asks for.

`python -m support.drawn SEED...` plans many of them with and without the fast lane, and counts.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.aws import PROVIDER
from support.lanes import Ground, steady
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.errors import TerraformFailed
from terrace.plans.ports import MadePlan

AT_ONCE = 60
"""How many types are drawn for one configuration; the provider refuses about half of what is drawn blindly."""

Schema = Mapping[str, Any]
"""A provider's entry of `terraform providers schema -json`."""


def read_schema(ground: Ground) -> Schema:
    """The AWS provider's schema as Terraform tells it."""
    ground.write(configuration({}))
    terraform = ground.terraform("off")
    env = terraform.environment(ground.site, terraform.folder(ground.site))
    argv = ["terraform", "providers", "schema", "-json"]
    output = subprocess.run(argv, cwd=ground.stack, env=env, capture_output=True, check=True).stdout
    schema: Schema = next(iter(json.loads(output)["provider_schemas"].values()))
    return schema


def draw_accepted(ground: Ground, schema: Schema, seed: int) -> tuple[list[str], MadePlan]:
    """Draw a configuration, and take away what the provider refuses: the types that are left, and their plan."""
    types = random.Random(seed).sample(sorted(schema["resource_schemas"]), AT_ONCE)
    resources = draw_resources(schema, types, seed)
    while True:
        ground.write(configuration(resources))
        try:
            return sorted(resources), ground.plan("plan-only")
        except TerraformFailed as error:
            refused = {match for d in error.diagnostics for match in re.findall(r"\b(aws_\w+)\.it\b", str(d))}
            lines = configuration(resources).splitlines()
            for place in (d.place for d in error.diagnostics if d.place is not None):
                refused |= set(re.findall(r'^resource "(\w+)"', "\n".join(lines[: place.line]), re.MULTILINE)[-1:])
            if not refused & resources.keys():
                raise
            resources = {name: text for name, text in resources.items() if name not in refused}


def draw_resources(schema: Schema, types: list[str], seed: int) -> dict[str, str]:
    """For each type the text of one resource, which its provider may still refuse."""
    dice = random.Random(seed)
    return {name: _resource(name, schema["resource_schemas"][name]["block"], dice) for name in types}


def configuration(resources: Mapping[str, str]) -> str:
    """The whole file. The emulated cloud does not know everything: without a limit it would be asked for minutes."""
    return "\n".join([PROVIDER.replace("{}", "{\n  max_retries = 3\n}"), *resources.values()])


def _resource(name: str, block: Schema, dice: random.Random) -> str:
    return f'resource "{name}" "it" {{\n' + _body(block, dice, 1) + "}\n"


def _body(block: Schema, dice: random.Random, depth: int) -> str:
    """What must be there, and of the rest a third."""
    lines = []
    for name, attribute in block.get("attributes", {}).items():
        is_included = attribute.get("required") or (attribute.get("optional") and dice.random() < 0.15)
        if is_included and not attribute.get("deprecated") and "type" in attribute:
            lines.append(f"{'  ' * depth}{name} = {_value(name, attribute['type'], dice)}\n")
    for name, nested in block.get("block_types", {}).items():
        if nested.get("min_items", 0) > 0 or (depth < 2 and dice.random() < 0.1 and name != "timeouts"):
            inner = _body(nested["block"], dice, depth + 1)
            lines.append(f"{'  ' * depth}{name} {{\n{inner}{'  ' * depth}}}\n")
    return "".join(lines)


def _value(name: str, kind: Any, dice: random.Random) -> str:
    if isinstance(kind, list):
        if kind[0] in ("list", "set"):
            return f"[{_value(name, kind[1], dice)}]"
        if kind[0] == "map":
            return f"{{ key = {_value(name, kind[1], dice)} }}"
        return "{ " + ", ".join(f"{key} = {_value(key, inner, dice)}" for key, inner in kind[1].items()) + " }"
    if kind == "number":
        return str(dice.choice((1, 5, 30, 60)))
    if kind == "bool":
        return dice.choice(("true", "false"))
    return json.dumps(_word(name, dice))


def _word(name: str, dice: random.Random) -> str:
    """Something that attributes of such a name take more often than not."""
    if "arn" in name:
        return "arn:aws:iam::123456789012:role/drawn"
    if "cidr" in name:
        return "10.0.0.0/16"
    if "policy" in name or "document" in name or "definition" in name:
        return '{"Version":"2012-10-17","Statement":[]}'
    if name.endswith("account_id") or name == "owner":
        return "123456789012"
    return f"drawn-{dice.randrange(1000)}"


def main() -> None:
    """Compare one configuration for every seed; end with 1 where two plans differ."""
    types: set[str] = set()
    resources = 0
    with EmbeddedAws() as aws, tempfile.TemporaryDirectory(prefix="terrace-drawn-") as folder:
        ground = Ground(Path(folder) / "ground", variables=tuple(aws.variables.items()))
        schema = read_schema(ground)
        for seed in sys.argv[1:]:
            names, fast = draw_accepted(ground, schema, int(seed))
            plain = ground.plan("off")
            if fast.way != "fast" or steady(fast.document) != steady(plain.document):
                sys.exit(f"seed {seed}: the plans differ, or the lane stepped aside: {fast.diagnostics}")
            types |= set(names)
            resources += len(names)
            sys.stdout.write(f"seed {seed}: {len(names)} resources; {resources} so far, of {len(types)} types\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
