"""Reading a plan of 100 MB: seconds and memory, against the least that anybody could do with it, `json.loads`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESOURCES = 40_000


def main() -> None:
    """Write a document, read it both ways in processes of their own, print the ratios."""
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(_document()))
        size = path.stat().st_size / 2**20
        plain, plain_memory = _measured("json", path)
        ours, ours_memory = _measured("terrace", path)
    print(f"document {size:.0f} MiB, {RESOURCES} resources, one in ten changes")
    print(f"json.loads  {plain:.2f} s  {plain_memory / size:.1f} x its size in memory")
    print(f"read_plan   {ours:.2f} s  {ours_memory / size:.1f} x its size in memory")
    print(f"ratio of time {ours / plain:.2f}, of memory {ours_memory / plain_memory:.2f}")


def _document() -> dict[str, object]:
    values = {f"attribute_{n}": f"value {n} of some length" for n in range(20)} | {"password": "secret-password"}
    changes: list[dict[str, object]] = []
    planned: dict[int, list[dict[str, object]]] = {}
    for number in range(RESOURCES):
        acts = number % 10 == 0
        after = {**values, "name": f"r{number}", "size": number + 0.5}
        changes.append(
            {
                "address": f'module.m["{number % 100}"].aws_thing.r[{number}]',
                "module_address": f'module.m["{number % 100}"]',
                "mode": "managed",
                "type": "aws_thing",
                "name": "r",
                "index": number,
                "provider_name": "registry/hashicorp/aws",
                "change": {
                    "actions": ["update"] if acts else ["no-op"],
                    "before": {**values, "name": f"r{number}"},
                    "after": after,
                    "after_unknown": {"arn": True} if acts else {},
                    "before_sensitive": {"password": True},
                    "after_sensitive": {"password": True},
                },
            }
        )
        entry = {name: changes[-1][name] for name in ("address", "mode", "type", "name", "index", "provider_name")}
        planned.setdefault(number % 100, []).append(entry | {"values": after})
    modules = [{"address": f'module.m["{one}"]', "resources": entries} for one, entries in planned.items()]
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"child_modules": modules}},
        "resource_changes": changes,
    }


def _measured(how: str, path: Path) -> tuple[float, float]:
    done = subprocess.run([sys.executable, __file__, how, path], capture_output=True, text=True, check=True)
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def _read(how: str, path: Path) -> None:
    document = path.read_bytes()
    before = _peak()
    if how == "json":
        began = time.monotonic()
        json.loads(document)
    else:
        from terrace.plans.digest import DigestKey
        from terrace.plans.read import read_plan
        from terrace.stacks.model import Stack

        stack = Stack.conventional("dev", "environments/dev")
        began = time.monotonic()
        read_plan(document, stack=stack, commit="c", key=DigestKey("k", b"k" * 32), root="/nowhere/at/all", lock=b"")
    seconds = time.monotonic() - began
    print(seconds, _peak() - before)


def _peak() -> float:
    """The most memory that this program held so far, in MiB. Unlike getrusage it knows nothing of our parent."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this benchmark needs /proc")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _read(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
