"""Policies on large plans: Terrace's check `policy` beside bare `opa eval` of the same rules, and conftest.

    python benchmarks/policies.py [--opa PATH] [--conftest PATH] [SIZE ...]

Sizes are numbers of resources. For each it prints seconds of the whole of Terrace's part (the view, OPA, findings), of
`opa eval` over the same view, and of conftest over the plain plan with the same rules, and the ratios. Aim: 1.2 times
`opa eval` or less at 1,000 resources and more. The rules are those of the pack that Terrace brings.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from terrace.adapters.opa.engine import Opa
from terrace.checks.policy.rego import findings
from terrace.checks.policy.view import view
from terrace.plans.digest import DigestKey
from terrace.plans.read import read_plan
from terrace.plans.redacted_document import redact
from terrace.stacks.model import Stack

PACK = Path(__file__).parent.parent / "src/terrace/checks/policy/pack"
PLAIN = """package main

deny contains msg if {
	some r in input.resource_changes
	r.type == "aws_s3_bucket"
	r.change.after.acl == "public-read"
	msg := sprintf("%s is public", [r.address])
}

deny contains msg if {
	some r in input.resource_changes
	r.type == "aws_security_group"
	some rule in r.change.after.ingress
	"0.0.0.0/0" in rule.cidr_blocks
	msg := sprintf("%s is open", [r.address])
}
"""


def document(count: int, filler: int = 0) -> bytes:
    """A plan of so many resources, in three types, a third of them with a finding; `filler` bytes more for each."""
    changes = [_change(n, filler) for n in range(count)]
    planned = {
        "root_module": {"resources": [{"address": c["address"], "values": c["change"]["after"]} for c in changes]}
    }
    whole = {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": planned}
    return json.dumps({**whole, "resource_changes": changes}).encode()


def _change(n: int, filler: int) -> dict[str, Any]:
    after: dict[str, Any] = {"tags": {"Name": f"it-{n}", "filler": "x" * filler}, "arn": f"arn:aws:it:::{n}"}
    kind = ("aws_s3_bucket", "aws_security_group", "aws_db_instance")[n % 3]
    if kind == "aws_s3_bucket":
        after |= {"bucket": f"b-{n}", "acl": "public-read" if n % 9 == 0 else "private", "force_destroy": False}
    elif kind == "aws_security_group":
        cidr = "0.0.0.0/0" if n % 9 == 1 else "10.0.0.0/8"
        rule = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": [cidr], "ipv6_cidr_blocks": []}
        after |= {"name": f"sg-{n}", "ingress": [rule], "egress": []}
    else:
        after |= {"identifier": f"db-{n}", "storage_encrypted": n % 9 != 2, "publicly_accessible": False}
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": {"id": True}}
    return {
        "address": f"module.m{n % 10}.{kind}.it[{n}]",
        "module_address": f"module.m{n % 10}",
        "mode": "managed",
        "type": kind,
        "name": "it",
        "index": n,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {**change, "before_sensitive": False, "after_sensitive": {}},
    }


def timed(times: int, *whats: Callable[[], object]) -> list[float]:
    """The best of some runs of each, in seconds. They take turns, so that a busy machine is busy for all of them."""
    best = [float("inf")] * len(whats)
    for _ in range(times):
        for n, what in enumerate(whats):
            start = time.perf_counter()
            what()
            best[n] = min(best[n], time.perf_counter() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[100, 1000, 10000])
    parser.add_argument("--opa", default=shutil.which("opa"))
    parser.add_argument("--conftest", default=shutil.which("conftest"))
    parser.add_argument("--filler", type=int, default=0, help="bytes more for each resource, for plans of 100 MB")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    engine = Opa({"PATH": str(Path(given.opa).parent)})
    stack = Stack.conventional("dev", "environments/dev")
    heads = ("resources", "MB", "read", "terrace", "opa", "ratio", "plain", "conftest", "ratio")
    print(" ".join(f"{head:>9}" for head in heads))
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            shutil.copytree(PACK, root / "p", ignore=shutil.ignore_patterns("*_test.rego"))
            (root / "c").mkdir()
            (root / "c/main.rego").write_text(PLAIN)
            whole = document(size, given.filler)
            (root / "plan.json").write_bytes(whole)
            start = time.perf_counter()
            plan = read_plan(whole, stack=stack, commit="c" * 40, key=DigestKey("k", b"k" * 32), root="", lock=b"")
            read = time.perf_counter() - start
            (root / "view.json").write_bytes(msgspec.json.encode(view(plan)))

            def terrace() -> None:
                ran = engine.evaluate(root, ["p"], view(plan))  # noqa: B023
                if ran.breakages:
                    print("   ", ran.breakages[0].message)
                findings(ran.data, "dev")

            def bare() -> None:
                with (root / "view.json").open("rb") as view_file:  # noqa: B023
                    argv = [given.opa, "eval", "--format", "json", "--data", "p", "--stdin-input", "data"]
                    subprocess.run(argv, cwd=root, stdin=view_file, check=True, capture_output=True)  # noqa: B023

            def plain() -> None:
                ran = engine.evaluate(root, ["c"], redact(whole))  # noqa: B023
                findings(ran.data, "dev")

            def conftest() -> None:
                argv = [given.conftest, "test", "--output", "json", "--policy", "c", "plan.json"]
                subprocess.run(argv, cwd=root, check=False, capture_output=True)  # noqa: B023

            ours, theirs, ours_plain = timed(given.times, terrace, bare, plain)
            peer = timed(given.times, conftest)[0] if given.conftest else float("nan")
            row = (len(whole) / 1e6, read, ours, theirs, ours / theirs, ours_plain, peer, ours_plain / peer)
            print(f"{size:9} " + " ".join(f"{one:9.2f}" for one in row), flush=True)
    children, ours = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
    )
    print(f"most memory: {children:.0f} MB of a child, {ours:.0f} MB of ours")


if __name__ == "__main__":
    main()
