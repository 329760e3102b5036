"""What an attribute that is known only after apply may be: the value of one block, some value, or anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from terrace.plans.digest import DigestKey
from terrace.plans.model import ResourceChange
from terrace.plans.read import read_plan
from terrace.plans.sources import read_sources
from terrace.stacks.model import Stack

TOPIC = "aws_sns_topic.it"
KEY = "aws_kms_key.k"
SOURCE = """
locals {{
  key   = aws_kms_key.k.arn
  keys  = {{ main = aws_kms_key.k.arn, other = aws_kms_key.other.arn, none = null }}
  both  = {{ main = {{ kms = aws_kms_key.k.arn }}, other = {{ kms = aws_kms_key.other.arn }} }}
  named = {{ a = aws_ssm_parameter.p.value }}
}}
resource "aws_sns_topic" "it" {{
  kms_master_key_id = {0}
  {1}
}}
resource "aws_kms_replica_key" "r" {{
  policy = aws_kms_key.k.arn
}}
resource "terraform_data" "d" {{
  input = aws_kms_key.k.arn
}}
resource "terraform_data" "maybe" {{
  input = aws_ssm_parameter.p.value
}}
"""
BLOCKS: dict[str, dict[str, Any]] = {
    TOPIC: {"kms_master_key_id": {"references": []}},
    KEY: {},
    "aws_kms_key.other": {},
    "aws_kms_key.none": {},
    "aws_ssm_parameter.p": {},
    "aws_kms_replica_key.r": {
        "policy": {"references": [f"{KEY}.arn", KEY]},
        "description": {"constant_value": "a key"},
        "tag": {"constant_value": ""},
    },
    "terraform_data.d": {"input": {"references": [f"{KEY}.arn", KEY]}},
    "terraform_data.maybe": {"input": {"references": ["aws_ssm_parameter.p.value", "aws_ssm_parameter.p"]}},
}
VARIABLES = {
    "yes": True,
    "no": False,
    "text": "a",
    "empty": "",
    "none": None,
    "list": ["a"],
    "deep": {"is": {"on": True}},
}
INNER = """
locals {
  is_made = var.create && length(var.names) > 0
}
output "chosen" { value = local.is_made ? aws_kms_key.this[0].arn : aws_ssm_parameter.q.value }
output "default" { value = var.left ? aws_kms_key.this[0].arn : aws_ssm_parameter.q.value }
output "nullable" { value = var.right == null ? aws_kms_key.this[0].arn : null }
output "key" { value = one(aws_kms_key.this[*].arn) }
output "either" { value = try(aws_kms_key.this[0].arn, aws_kms_external_key.this[0].arn, null) }
output "all" { value = { main = aws_kms_key.this[0].arn } }
output "given" { value = var.given }
output "parameter" { value = aws_ssm_parameter.q.value }
"""


OUTPUTS = ("key", "either", "all", "given", "parameter", "chosen", "default", "nullable")


def entry(address: str, unknown: Any = None) -> dict[str, Any]:
    bare = address.rpartition("[")[0] or address
    change = {"actions": ["create"], "after": {}, "after_unknown": unknown or {}}
    return {
        "address": address,
        "type": bare.split(".")[-2],
        "name": bare.split(".")[-1],
        "mode": "managed",
        "change": change,
    }


def topic(
    expression: str, more: str = "", *, source: bool = True, references: tuple[str, ...] = (KEY,)
) -> ResourceChange:
    """A topic whose key is that expression, and unknown, beside keys and a module that makes some."""
    blocks = BLOCKS | {TOPIC: {"kms_master_key_id": {"references": list(references)}}}
    there = [address for address in blocks if address not in (TOPIC, "aws_kms_key.none")]
    there += [f"{KEY}[0]", f'{KEY}["a"]', "module.m.aws_kms_key.this[0]", "module.m.aws_ssm_parameter.q"]
    outputs: dict[str, Any] = {name: {"expression": {}} for name in OUTPUTS}
    inside = [{"address": one} for one in ("aws_kms_key.this", "aws_kms_external_key.this", "aws_ssm_parameter.q")]
    call: dict[str, Any] = {"given": {"references": [f"{KEY}.arn", KEY]}, "create": {"references": ["var.yes"]}}
    call |= {"names": {"constant_value": ["a"]}, "right": {"constant_value": None}}
    variables = {
        "given": {},
        "create": {"default": False},
        "names": {},
        "left": {"default": True},
        "right": {"default": "a"},
    }
    document = {
        "format_version": "1.2",
        "variables": {name: {"value": value} for name, value in VARIABLES.items()},
        "resource_changes": [entry(TOPIC, {"kms_master_key_id": True}), *map(entry, there)],
        "configuration": {
            "root_module": {
                "resources": [{"address": address, "expressions": found} for address, found in blocks.items()],
                "module_calls": {
                    "m": {
                        "expressions": call,
                        "module": {"resources": inside, "outputs": outputs, "variables": variables},
                    }
                },
            }
        },
    }
    text = (
        SOURCE.format(expression, more)
        + f'module "m" {{\n given = {KEY}.arn\n create = var.yes\n names = ["a"]\n right = null\n}}'
    )
    files = {"": [("main.tf", text.encode())], "m": [("main.tf", INNER.encode())]}
    plan = read_plan(
        json.dumps(document).encode(),
        stack=Stack.conventional("prod", "environments/prod"),
        commit="c",
        key=DigestKey("k", b"k" * 32),
        root="/",
        lock=b"",
        sources=read_sources(files) if source else None,
    )
    return plan.changes[0]


def told(found: ResourceChange) -> tuple[str | None, bool]:
    """The block whose value the key is, and whether it is surely filled."""
    return found.taken.get("kms_master_key_id"), found.filled == (("kms_master_key_id",),)


@pytest.mark.parametrize(
    ("expression", "block"),
    [
        ("aws_kms_key.k.arn", KEY),
        ("(aws_kms_key.k[0].key_id)", KEY),
        ('"${aws_kms_key.k["a"].arn}"', KEY),
        ("local.key", KEY),
        ("local.keys.main", KEY),
        ('local.keys["other"]', "aws_kms_key.other"),
        ("local.both.other.kms", "aws_kms_key.other"),
        ("var.is_on ? aws_kms_key.k.arn : null", KEY),
        ('var.name == "" ? var.given : local.key', KEY),
        ("length(aws_kms_key.none) > 0 ? aws_kms_key.none[0].arn : aws_kms_key.k.arn", KEY),
        ("one(aws_kms_key.k[*].arn)", KEY),
        ("one(values(aws_kms_key.k)[*].arn)", KEY),
        ("element(aws_kms_key.k.*.arn, 0)", KEY),
        ("aws_kms_key.k.*.arn[0]", KEY),
        ('element(concat(aws_kms_key.none[*].arn, aws_kms_key.k[*].arn, [""]), 0)', KEY),
        ('concat(aws_kms_key.k[*].arn, [""])[0]', KEY),
        ("try(aws_kms_key.k[0].arn, null)", KEY),
        ('try(var.given, aws_kms_key.k[0].arn, "")', KEY),
        ("coalesce(var.given, aws_kms_key.k.arn)", KEY),
        ("coalesce(aws_kms_key.k.arn, aws_kms_key.other.arn)", KEY),
        ("sensitive(tostring(aws_kms_key.k.arn))", KEY),
        ("module.m.key", "module.m.aws_kms_key.this"),
        ("module.m.all.main", "module.m.aws_kms_key.this"),
        ("module.m.given", KEY),
        ("aws_kms_replica_key.r.policy", "aws_kms_replica_key.r"),
        ("aws_kms_replica_key.r.description", "aws_kms_replica_key.r"),
        ("terraform_data.d.output", "terraform_data.d"),
    ],
)
def test_a_value_that_is_passed_on_is_that_of_its_block_and_will_be_there(expression: str, block: str) -> None:
    assert told(topic(expression)) == (block, True)


@pytest.mark.parametrize(
    "condition",
    [
        *("var.yes", "!var.no", "true", "(var.yes && !var.no)", "var.yes || var.unknown", "!(var.no && var.unknown)"),
        *('var.text == "a"', 'var.text != ""', "var.none == null", "var.text != null", "length(var.list) > 0"),
        *("length(var.empty) == 0", "var.deep.is.on", '"${var.yes}"', "length([var.text, var.none]) >= 2"),
    ],
)
def test_a_condition_of_constants_chooses_its_branch(condition: str) -> None:
    assert told(topic(f"{condition} ? aws_kms_key.k.arn : aws_kms_key.other.arn")) == (KEY, True)
    assert told(topic(f"{condition} ? aws_ssm_parameter.p.value : local.key")) == ("aws_ssm_parameter.p", False)


@pytest.mark.parametrize(
    "condition",
    [
        *("var.unknown", "var.text == 1", 'var.list == ["a"]', "var.deep.is.off"),
        *("!var.text", "aws_kms_key.k.enabled", "length(aws_kms_key.k) > 0", "var.yes && var.unknown"),
    ],
)
def test_a_condition_that_only_terraform_evaluates_leaves_both_branches(condition: str) -> None:
    assert told(topic(f"{condition} ? aws_kms_key.k.arn : aws_kms_key.other.arn")) == (None, True)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("chosen", ("module.m.aws_kms_key.this", True)),
        ("default", ("module.m.aws_kms_key.this", True)),
        ("nullable", ("module.m.aws_kms_key.this", True)),
    ],
)
def test_arguments_and_defaults_of_modules_decide_conditions(output: str, expected: Any) -> None:
    assert told(topic(f"module.m.{output}")) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "var.is_on ? aws_kms_key.k.arn : aws_kms_key.other.arn",
        "aws_ssm_parameter.p.value == 1 ? aws_kms_key.k.arn : aws_kms_key.other.arn",
        '"alias/${aws_ssm_parameter.p.value}"',
        'coalesce(aws_ssm_parameter.p.value, "alias/main")',
        "jsonencode({ a = aws_ssm_parameter.p.value })",
        'join(",", aws_kms_key.k[*].arn)',
        "[aws_ssm_parameter.p.value]",
        "aws_kms_key.k[*].arn",
        "lower(aws_kms_key.k.arn)",
        "module.m.either",
    ],
)
def test_a_value_that_will_be_there_may_be_that_of_no_one_block(expression: str) -> None:
    found = topic(expression)
    assert found.filled == (("kms_master_key_id",),)
    assert expression == "module.m.either" or found.taken == {}


@pytest.mark.parametrize(
    "expression",
    [
        "aws_ssm_parameter.p.value == 1 ? aws_kms_key.k.arn : null",
        'aws_ssm_parameter.p.value == 1 ? "" : aws_kms_key.k.arn',
        "timestamp() == var.then ? aws_kms_key.k.arn : null",
        "local.keys[aws_ssm_parameter.p.value]",
        'lookup(local.keys, aws_ssm_parameter.p.value, "")',
        'replace(aws_kms_key.k.arn, "a", "")',
        "[for k in aws_kms_key.k : k.arn if k.enabled]",
        "compact([aws_ssm_parameter.p.value])",
        'join("", aws_ssm_parameter.p[*].value)',
        "try(aws_ssm_parameter.p.value, aws_kms_key.k.arn)",
        "concat(aws_ssm_parameter.p.list, aws_kms_key.k[*].arn)[0]",
        "element(concat(aws_kms_key.k[*].arn, [aws_ssm_parameter.p.value]), 1)",
        "coalesce(var.keys...)",
        "%{ if aws_ssm_parameter.p.value == 1 }a%{ endif }",
    ],
)
def test_what_may_be_empty_or_anything_is_no_value(expression: str) -> None:
    quoted = f'"{expression}"' if expression.startswith("%") else expression
    assert told(topic(quoted)) == (None, False)


@pytest.mark.parametrize(
    ("expression", "block"),
    [
        ("aws_ssm_parameter.p.value", "aws_ssm_parameter.p"),
        ("local.named.a", "aws_ssm_parameter.p"),
        ("module.m.parameter", "module.m.aws_ssm_parameter.q"),
        ("terraform_data.maybe.output", "terraform_data.maybe"),
        ("aws_kms_replica_key.r.tag", "aws_kms_replica_key.r"),
    ],
)
def test_an_attribute_that_its_own_block_may_leave_empty_is_no_sure_value(expression: str, block: str) -> None:
    assert told(topic(expression)) == (block, False)


@pytest.mark.parametrize(
    ("loop", "expression", "expected"),
    [
        ("for_each = local.both", "each.value.kms", (None, True)),
        ("for_each = { a = { kms = aws_kms_key.k.arn } }", "each.value.kms", (KEY, True)),
        ("for_each = { a = { kms = null }, b = { kms = aws_kms_key.k.arn } }", "each.value.kms", (None, False)),
        ("for_each = aws_kms_key.k", "each.value.arn", (KEY, True)),
        ("for_each = var.all", "each.value.arn", (None, False)),
        ("for_each = { a = 1 }", "aws_kms_key.k[each.key].arn", (KEY, True)),
        ("count = 2", "aws_kms_key.k[count.index].arn", (KEY, True)),
    ],
)
def test_loops_are_followed(loop: str, expression: str, expected: Any) -> None:
    assert told(topic(expression, loop)) == expected


def test_without_the_files_the_references_that_are_unknown_are_the_value() -> None:
    assert told(topic("", source=False, references=("var.on", f"{KEY}.arn", KEY))) == (KEY, True)
    both = (f"{KEY}.arn", KEY, "aws_kms_key.other.arn", "aws_kms_key.other")
    assert told(topic("", source=False, references=both)) == (None, True)
    assert told(topic("", source=False, references=("aws_ssm_parameter.p.value", "aws_ssm_parameter.p")))[1] is False
    assert told(topic("", source=False, references=("local.key",))) == (None, False)


def test_an_expression_that_refers_to_itself_ends() -> None:
    assert told(topic("local.a", "}\nlocals {\n a = local.b\n b = local.a\n"))[1] is False


def test_a_value_that_is_used_twice_at_every_step_is_read_once() -> None:
    steps = "\n".join(f"a{n} = var.on ? local.a{n + 1} : local.b{n + 1}\n b{n} = local.a{n}" for n in range(36))
    last = f"a36 = {KEY}.arn\n b36 = {KEY}.arn"
    more = f"}}\nlocals {{\n{steps}\n{last}\n"
    assert told(topic("local.a0", more)) == (KEY, True)
    assert topic("local.a0", more, references=("local.a0",)).unset == ()
