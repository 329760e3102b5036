"""Makes the reference pages from the code: every command with its help, every key of terrace.yaml. `make docs`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click

from terrace.adapters.opa.pack import described
from terrace.apps.cli.main import SECTIONS, cli
from terrace.assess.factors import FACTORS, LEVELS
from terrace.checks.all import CHECKS
from terrace.clouds.all import CLOUDS
from terrace.config.schema import reference

REFERENCE = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """File name -> text."""
    return {
        "terrace-yaml.md": reference(CHECKS),
        "commands.md": commands(),
        "risk.md": risk(),
        "policy-pack.md": policy_pack(),
    }


def risk() -> str:
    """The formula of the risk of a change: every factor, and where each level begins."""
    lines = [
        "# Risk",
        "",
        "Made from the code (`make docs`). `terrace check` gives a change a score from 0 to 100 and a level, with its",
        "reasons; `--explain` shows all of them. More of anything never lowers the score. What is not known counts as",
        "the worse.",
        "",
        "| level | from |",
        "| --- | ---: |",
        *(f"| {name} | {least} |" for name, least in LEVELS),
        "",
        "The score is the sum of these, at most 100:",
        "",
        "| factor | points | at most | for | because |",
        "| --- | ---: | ---: | --- | --- |",
        *(f"| `{f.name}` | {f.points} | {f.cap} | {f.counts} | {f.why} |" for f in FACTORS),
    ]
    return "\n".join(lines) + "\n"


def policy_pack() -> str:
    """Every rule of the pack, and every default of a provider that it knows."""
    rules = described()
    lines = [
        "# The policy pack",
        "",
        f"Made from the code (`make docs`): the {len(rules)} rules that `terrace init` writes into `policies/terrace`.",
        "Those of high and critical severity hold a change, the others are told. Each is one file with its tests.",
        "",
        "| rule | severity | family | what it finds |",
        "| --- | --- | --- | --- |",
        *(f"| [`{r.id}`](#{r.id}) | {r.severity.word} | {r.family} | {r.title} |" for r in rules),
    ]
    for rule in rules:
        lines += ["", f"## {rule.id}", "", f"**{rule.title}** ({rule.severity.word}). {rule.why.strip()}", ""]
        lines += [f"- Fix: {' '.join(rule.fix.split())}", f"- Types: {_codes(rule.types)}"]
        lines += [f"- Controls: {_codes(rule.controls)}"] if rule.controls else []
        lines += [f"- See: {', '.join(f'<{one}>' for one in rule.references)}"]
    defaults = [default for cloud in CLOUDS.values() for default in cloud.defaults]
    lines += ["", "## What providers assume", "", "The view tells these in `defaults` where nothing is set.", ""]
    lines += ["| attribute | is | of | versions |", "| --- | --- | --- | --- |"]
    lines += [f"| `{d.attribute}` | `{json.dumps(d.value)}` | {_codes(d.types)} | {d.versions} |" for d in defaults]
    return "\n".join(lines) + "\n"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" if word != "*" else "all" for word in words)


def commands() -> str:
    """Every command as `--help` shows it, in the order of the sections."""
    lines = ["# Commands", "", "Made from the code (`make docs`). Data goes to stdout, progress to stderr."]
    lines += [
        "",
        "Exit codes: 0 passed or nothing to do, 1 blocked or waiting, 2 wrong use or broken input, 3 a fault of",
    ]
    lines += ["Terrace, 130 interrupted."]
    for title, names in SECTIONS:
        lines += ["", f"## {title}"]
        for name in names:
            lines += _command(cli.commands[name], f"terrace {name}")
    return "\n".join(lines) + "\n"


def _command(command: click.Command, path: str) -> list[str]:
    if isinstance(command, click.Group):
        return [line for name, inner in command.commands.items() for line in _command(inner, f"{path} {name}")]
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    return ["", f"### {path}", "", "```text", command.get_help(context), "```"]


if __name__ == "__main__":
    for name, text in pages().items():
        (REFERENCE / name).write_text(text)
