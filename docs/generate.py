"""Generates the reference pages from the code: commands, keys of terrace.yaml, JSON output and others. `make docs`.

python docs/generate.py [FOLDER]    writes the pages to FOLDER, by default docs/reference
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from terrace.adapters.opa.pack import read_rules
from terrace.apps.cli.main import COMMANDS, cli
from terrace.assess.factors import FACTORS, LEVELS
from terrace.checks.all import CHECKS
from terrace.checks.scanners.all import SCANNERS
from terrace.checks.scanners.scanner import Scanner
from terrace.clouds.all import CLOUDS
from terrace.config.schema import reference
from terrace.report.json.reference import SCHEMA_FILE, json_schema, reference_page

REFERENCE = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """File name -> text."""
    return {
        "terrace-yaml.md": reference(CHECKS),
        "commands.md": commands(),
        "risk.md": risk(),
        "scanners.md": scanners(),
        "policy-pack.md": policy_pack(),
        "json.md": reference_page(),
        SCHEMA_FILE: json.dumps(json_schema(), indent=2) + "\n",
    }


def scanners() -> str:
    """Returns the page of the scanners: what each scans, the version that is installed, and its configuration."""
    lines = [
        "# Scanners",
        "",
        "Generated from the code (`make docs`). [How to run them](../how-to/scanners.md). Each is also a check of its",
        "name in [`checks:`](terrace-yaml.md#checks); `terrace tools install NAME` installs the version of this table.",
        "",
        "| scanner | version | finds | in |",
        "| --- | --- | --- | --- |",
        *(f"| `{s.name}` | {s.tool.version} | {s.finds} | {scanned(s)} |" for s in SCANNERS.values()),
        "",
        "## Configuration files",
        "",
        "Terrace reads these from the root of the repository on the protected branch, and passes on only the keys of",
        "this table; a finding reports every other key.",
        "",
        "| scanner | file | keys that are passed on |",
        "| --- | --- | --- |",
        *(f"| `{s.name}` | `{file}` | {keys} |" for s in SCANNERS.values() for file, keys in s.keys.items()),
    ]
    return "\n".join(lines) + "\n"


def scanned(scanner: Scanner) -> str:
    """Returns what a scanner scans, in words."""
    inputs = {"sources": scanner.sources, "plans": scanner.plans, "commits": scanner.commits}
    return ", ".join(name for name, scan in inputs.items() if scan is not None)


def risk() -> str:
    """Returns the page of the risk formula: every factor, and the minimum score of each level."""
    lines = [
        "# Risk",
        "",
        "Generated from the code (`make docs`). `terrace check` rates a change with a score from 0 to 100 and a level,",
        "with reasons; `--explain` shows all of them. A higher count never lowers the score. An unknown",
        "value is treated as the worst case.",
        "",
        "| level | from |",
        "| --- | ---: |",
        *(f"| {name} | {least} |" for name, least in LEVELS),
        "",
        "The score is the sum of these, at most 100:",
        "",
        "| factor | points | maximum | for each | reason |",
        "| --- | ---: | ---: | --- | --- |",
        *(f"| `{f.name}` | {f.points} | {f.cap} | {f.counts} | {f.why} |" for f in FACTORS),
    ]
    return "\n".join(lines) + "\n"


def policy_pack() -> str:
    """Returns the page of the policy pack: every rule, and every known default of a provider."""
    rules = read_rules()
    lines = [
        "# The policy pack",
        "",
        f"Generated from the code (`make docs`): the {len(rules)} rules of the policy pack. "
        "`terrace policy eject` copies them to `policies/terrace`.",
        "Rules of high and critical severity block a change, the others are advisory.",
        "Each is one file with its tests.",
        "",
        "| rule | severity | family | finding |",
        "| --- | --- | --- | --- |",
        *(f"| [`{r.id}`](#{r.id}) | {r.severity.word} | {r.family} | {r.title} |" for r in rules),
    ]
    for rule in rules:
        lines += ["", f"## {rule.id}", "", f"**{rule.title}** ({rule.severity.word}). {rule.why.strip()}", ""]
        lines += [f"- Fix: {' '.join(rule.fix.split())}", f"- Types: {_codes(rule.types)}"]
        lines += [f"- Controls: {_codes(rule.controls)}"] if rule.controls else []
        lines += [f"- See: {', '.join(f'<{one}>' for one in rule.references)}"]
    defaults = [default for cloud in CLOUDS.values() for default in cloud.defaults]
    lines += [
        "",
        "## What providers assume",
        "",
        "The policy input has these in `defaults` for attributes that are not set.",
        "",
    ]
    lines += ["| attribute | default | types | versions |", "| --- | --- | --- | --- |"]
    lines += [f"| `{d.attribute}` | `{json.dumps(d.value)}` | {_codes(d.types)} | {d.versions} |" for d in defaults]
    return "\n".join(lines) + "\n"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" if word != "*" else "all" for word in words)


def commands() -> str:
    """Returns the page of the commands: the `--help` of each, in the order of the sections."""
    lines = ["# Commands", "", "Generated from the code (`make docs`). Data goes to stdout, progress to stderr."]
    lines += [
        "",
        "Exit codes: 0 passed or nothing to do, 1 blocked or waiting, 2 wrong use or invalid input, 3 a bug in",
    ]
    lines += ["Terrace, 130 interrupted, 141 where the reader of the output exited."]
    context, section = click.Context(cli), ""
    for name, entry in COMMANDS.items():
        if entry.section != section:
            section = entry.section
            lines += ["", f"## {section}"]
        command = cli.get_command(context, name)
        assert command is not None
        lines += _command(command, f"terrace {name}")
    return "\n".join(lines) + "\n"


def _command(command: click.Command, path: str) -> list[str]:
    if isinstance(command, click.Group):
        return [line for name, inner in command.commands.items() for line in _command(inner, f"{path} {name}")]
    context = click.Context(command, info_name=path, terminal_width=100, **cli.context_settings)
    return ["", f"### {path}", "", "```text", command.get_help(context), "```"]


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else REFERENCE
    for name, text in pages().items():
        (folder / name).write_text(text)
