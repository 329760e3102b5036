"""What the configuration tells of values that Terraform gives up as a whole, and what is not told of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from terrace.plans import decode
from terrace.plans.digest import DigestKey
from terrace.plans.evaluation import Encoded, NewText
from terrace.plans.instances import Evaluation
from terrace.plans.model import UNKNOWN, Action, Plan, ResourceChange
from terrace.plans.read import read_plan
from terrace.plans.sources import read_sources
from terrace.stacks.model import Stack

KEY = "aws_kms_key.k"
VARIABLES: dict[str, Any] = {
    "yes": True,
    "text": "a",
    "list": ["b", "a"],
    "map": {"two": 2, "one": 1},
    "secret": "hidden-value",
    "typed": {"given": 1},
    "names": ["b", "a", "b"],
    "mixed": ["a", 1],
    "flags": {"on": True, "size": 2},
    "deep": [{"name": "x", "rules": [{"port": 1}, {"port": 2}]}],
}
TYPES = """
variable "typed" { type = object({ given = number, other = optional(string, "z") }) }
variable "names" { type = set(string) }
variable "map" { type = map(number) }
variable "mixed" { type = list(any) }
variable "flags" { type = map(string) }
"""
INNER = """
output "key" { value = try(aws_kms_key.this[0].arn, "none") }
output "hidden" {
  value     = "plain"
  sensitive = true
}
output "given" { value = var.given }
output "name" { value = var.name }
output "left" { value = var.left }
"""


def entry(address: str, unknown: Any = None, sensitive: Any = None) -> dict[str, Any]:
    bare, _, index = address.partition("[") if address.endswith("]") else (address, "", "")
    parts = bare.split(".")
    change = {"actions": ["create"], "after": {}, "after_unknown": unknown or {}, "after_sensitive": sensitive or {}}
    module = ".".join(parts[:-2])
    found = {"address": address, "type": parts[-2], "name": parts[-1], "mode": "managed", "change": change}
    return found | {"module_address": module} | ({"index": json.loads(index[:-1])} if index else {})


def document(of: str, body: str, sensitive: Any = None, written: Any = None) -> tuple[bytes, str]:
    """A plan with an object whose attribute `v` is unknown, and its file."""
    block = of.partition("[")[0]
    known = [KEY, f"{KEY}[0]", "module.m.aws_kms_key.this[0]", "aws_ssm_parameter.p"]
    inside = {
        "resources": [{"address": "aws_kms_key.this"}],
        "outputs": {name: {"sensitive": name == "hidden"} for name in ("key", "hidden", "given", "name", "left")},
        "variables": {"given": {}, "name": {"default": "n"}, "left": {"default": "l"}, "quiet": {"sensitive": True}},
    }
    call = {"expressions": {"given": {}, "name": {}}, "module": inside}
    expressions = {"v": written or {"references": [f"{KEY}.arn", KEY]}}
    addresses = [block, KEY, "aws_kms_key.none", "aws_ssm_parameter.p"]
    content = {
        "format_version": "1.2",
        "variables": {name: {"value": value} for name, value in VARIABLES.items()},
        "resource_changes": [entry(of, {"v": True}, sensitive), *map(entry, known)],
        "configuration": {
            "root_module": {
                "variables": {"secret": {"sensitive": True}},
                "resources": [{"address": a, "expressions": expressions if a == block else {}} for a in addresses],
                "module_calls": {"m": call},
            }
        },
    }
    type_, name = block.split(".")
    text = f'{TYPES}resource "{type_}" "{name}" {{\n{body}\n}}\nmodule "m" {{\n given = {KEY}.arn\n name = null\n}}\n'
    return json.dumps(content).encode(), text


def plan(body: str, of: str = "aws_x.it", sensitive: Any = None) -> Plan:
    content, text = document(of, body, sensitive)
    return read_plan(
        content,
        stack=Stack.conventional("prod", "environments/prod"),
        commit="c",
        key=DigestKey("k", b"k" * 32),
        root="/",
        lock=b"",
        sources=read_sources({"": [("main.tf", text.encode())], "m": [("main.tf", INNER.encode())]}),
    )


def value(body: str, of: str = "aws_x.it") -> Any:
    content, text = document(of, body)
    return evaluated(content, of, ("main.tf", text))


def value_in_json(body: dict[str, Any], of: str = "aws_x.it", written: Any = None) -> Any:
    """The value where the block of the object is in JSON syntax. `written` is the entry of `v` in the plan."""
    content, text = document("aws_x.other", "", written=written)
    type_, name = of.partition("[")[0].split(".")
    content = content.replace(b"aws_x.other", f"{type_}.{name}".encode())
    block = json.dumps({"resource": {type_: {name: body}}})
    return evaluated(content, of, ("main.tf", text), ("more.tf.json", block))


def evaluated(content: bytes, of: str, *files: tuple[str, str]) -> Any:
    root = [(name, text.encode()) for name, text in files]
    sources = read_sources({"": root, "m": [("main.tf", INNER.encode())]})
    type_, name = of.partition("[")[0].split(".")
    index = json.loads(of.partition("[")[2][:-1]) if "[" in of else None
    change = ResourceChange(of, type_, name, Action.CREATE, index=index)
    return Evaluation(decode.decode(content), sources).value(change, "v")


NEW = NewText("aws_kms_key.k.arn", KEY)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("aws_kms_key.k.arn", NEW),
        ('"${aws_kms_key.k.arn}"', NEW),
        ('"key of  ${var.text} "', "key of  a "),
        ('"${var.text}-${aws_kms_key.k.arn}"', NewText("aws_kms_key.k.arn", KEY, is_all=False)),
        ('{ a = var.text, "b" = [1, true, null], (var.text) = aws_kms_key.k.arn }', {"a": NEW, "b": [1, True, None]}),
        ("jsonencode({ a = aws_kms_key.k.arn, b = aws_ssm_parameter.p.value })", Encoded({"a": NEW, "b": UNKNOWN})),
        ('var.yes ? "on" : aws_kms_key.k.arn', "on"),
        ('aws_kms_key.k.arn != null ? "KMS" : "NONE"', "KMS"),
        ('aws_kms_key.k.arn == "" ? "NONE" : "KMS"', "KMS"),
        ('aws_ssm_parameter.p.value == 1 ? "same" : "same"', "same"),
        ("[for k, v in var.map : { name = k, size = v } if v > 1]", [{"name": "two", "size": 2}]),
        ("{ for one in var.deep : one.name => one.rules[*].port }", {"x": [1, 2]}),
        ("[for n in toset(var.list) : n]", ["a", "b"]),
        ("toset(var.list)", ["a", "b"]),
        ("[for k, v in var.names : k]", ["a", "b"]),
        ('try(var.map.three, var.map["two"])', 2),
        ("try(aws_kms_key.k[1].arn, aws_kms_key.k[0].arn)", NewText("aws_kms_key.k[0].arn", f"{KEY}[0]")),
        ("aws_kms_key.none[*].arn", []),
        ("one(aws_kms_key.none[*].arn)", None),
        ("one(aws_kms_key.k[*].arn)", NEW),
        ("element(aws_kms_key.k.*.arn, 0)", NEW),
        ("module.m.key", NewText("aws_kms_key.this[0].arn", "module.m.aws_kms_key.this[0]")),
        ("module.m.given", NEW),
        ("module.m.left", "l"),
        ('merge({ a = 1 }, null, { b = lookup(var.map, "x", 3) })', {"a": 1, "b": 3}),
        ('compact([var.text, "", null, aws_kms_key.k.arn])', ["a", NEW]),
        ("flatten([[1, [2]], 3])", [1, 2, 3]),
        ('join(",", concat(["x"], var.list))', "x,b,a"),
        ('format("%s.example.com", upper(var.text))', "A.example.com"),
        ('split(",", "a,b")', ["a", "b"]),
        ('contains(["HTTPS"], "HTTPS") && !can(var.map.none)', True),
        ("length(keys(var.map)) * 2 - 1", 3),
        ('coalesce(null, "", var.text)', "a"),
        ("values({ b = 1, a = 2 })", [2, 1]),
        ("var.flags", {"on": "true", "size": "2"}),
        ("var.flags.on ? 1 : 2", 1),
    ],
)
def test_a_value_is_evaluated_from_the_configuration(expression: str, expected: Any) -> None:
    assert value(f"v = {expression}") == expected
    assert value_in_json({"v": f"${{{expression}}}"}) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "aws_ssm_parameter.p.value",
        "aws_kms_key.k",
        "aws_kms_key.k[*].arn",
        "var.secret",
        "sensitive(var.text)",
        "var.missing",
        "local.missing",
        "module.m.hidden",
        "module.m.name",
        "module.m[0].key",
        "var.typed",
        'try(var.typed.other, "own")',
        'timestamp() == "" ? 1 : 2',
        'var.map.two == "2"',
        "1.5",
        'file("x")',
        "flatten([aws_ssm_parameter.p.value, []])",
        'coalesce(aws_ssm_parameter.p.value, "x")',
        'try(aws_ssm_parameter.p.value.x, "x")',
        "[for x in aws_ssm_parameter.p.list : x]",
        "[for x in var.list : x if aws_ssm_parameter.p.on]",
        "{ for x in var.list : x => 1... }",
        "merge(aws_ssm_parameter.p.map, { a = 1 })",
        'lookup(aws_ssm_parameter.p.map, "a", 1)',
        "concat(aws_kms_key.k[*].arn, [])",
        "compact([aws_ssm_parameter.p.value])",
        '"%{ if var.yes }a%{ endif }"',
        '"a ${~ var.text ~} b"',
        "<<EOT\n ${var.text}\nEOT",
        "path.module",
        "var.map.none",
        "var.mixed",
        'true ? 1 : "a"',
        'coalesce(1, "a")',
        'contains(["1"], 1)',
    ],
)
def test_what_only_terraform_can_tell_is_unknown(expression: str) -> None:
    assert value(f"v = {expression}") is UNKNOWN
    if not expression.startswith("<<"):
        assert value_in_json({"v": f"${{{expression}}}"}) is UNKNOWN


def test_instances_have_the_value_of_their_own_key() -> None:
    loop = 'for_each = { for k, v in var.map : k => { size = v } }\nv = "${each.key}-${each.value.size}"'
    assert value(loop, 'aws_x.it["two"]') == "two-2"
    assert value("count = 2\nv = var.list[count.index]", "aws_x.it[1]") == "a"
    assert value("for_each = toset(var.list)\nv = each.value", 'aws_x.it["b"]') == "b"


def test_instances_of_json_have_the_value_of_their_own_key() -> None:
    loop = {"for_each": {"two": {"size": "${var.map.two}"}}, "v": "${each.key}-${each.value.size}"}
    assert value_in_json(loop, 'aws_x.it["two"]') == "two-2"
    assert value_in_json({"count": 2, "v": "${var.list[count.index]}"}, "aws_x.it[1]") == "a"


def test_an_object_of_json_is_an_attribute_or_a_block_as_the_plan_shows_it() -> None:
    some = {"references": ["aws_kms_key.k.arn"]}
    body = {"name": "first", "key": "${aws_kms_key.k.arn}", "rule": {"port": 1}}
    expected = {"name": "first", "key": NEW, "rule": {"port": 1}}
    assert value_in_json({"v": body}, written=some) == expected
    assert value_in_json({"v": [body]}, written=some) == [expected]
    entry_ = {"name": {"constant_value": "first"}, "key": some, "rule": [{"port": {"constant_value": 1}}]}
    as_blocks = [{"name": "first", "key": NEW, "rule": [{"port": 1}]}]
    assert value_in_json({"v": body}, written=entry_) == as_blocks
    assert value_in_json({"v": [body]}, written=[entry_]) == as_blocks
    assert value_in_json({"v": body}, written=[entry_, entry_]) is UNKNOWN
    assert value_in_json({"v": body, "dynamic": {"v": {}}}, written=[entry_]) is UNKNOWN


def test_blocks_are_evaluated_whether_dynamic_or_not() -> None:
    body = """
      v {
        name = "first"
      }
      dynamic "v" {
        for_each = var.deep
        iterator = each_one
        content {
          name = each_one.value.name
          key  = aws_kms_key.k.arn
          dynamic "rule" {
            for_each = each_one.value.rules
            content {
              port = rule.value.port + rule.key
            }
          }
        }
      }
    """
    assert value(body) == [{"name": "first"}, {"name": "x", "key": NEW, "rule": [{"port": 1}, {"port": 3}]}]
    assert value('dynamic "v" {\n for_each = aws_ssm_parameter.p.list\n content {\n }\n}') is UNKNOWN


def test_the_view_is_told_what_the_configuration_knows_and_no_more() -> None:
    (found, *_) = plan('v = [{ kind = "a", key = aws_kms_key.k.arn, other = aws_ssm_parameter.p.value }]').changes
    assert found.evaluated == {"v": [{"kind": "a", "key": UNKNOWN, "other": UNKNOWN}]}
    assert plan("v = aws_kms_key.k.arn").changes[0].evaluated == {}
    (found, *_) = plan("v = var.yes ? null : aws_kms_key.k.arn").changes
    assert (found.evaluated, found.unset) == ({}, (("v",),))


def test_nothing_sensitive_is_evaluated_into_the_view() -> None:
    assert plan('v = "x-${var.text}"', sensitive={"v": True}).changes[0].evaluated == {}
    assert plan('v = { a = "hidden-value" }').changes[0].evaluated != {"v": {"a": "hidden-value"}}
    assert plan("v = jsonencode({ a = var.secret })").changes[0].documents == {"v": {"a": UNKNOWN}}


def test_an_evaluation_that_would_not_end_is_unknown() -> None:
    nested = "[for a in var.list : " * 24 + "1" + "]" * 24
    assert value(f"v = {nested}") is UNKNOWN
    assert value("v = " + "(" * 3000 + "1" + ")" * 3000) is UNKNOWN
