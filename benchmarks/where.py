"""Where the time of a check goes: the usual commands, Terrace without the fast lane, and Terrace with it.

One stack with ten AWS resources. Every command of Terraform is timed by a wrapper on PATH; what is left of the whole
is Terrace's own. `--picture FILE` draws it as SVG.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from html import escape
from pathlib import Path

from pipeline import MODULE, RESOURCES, ROOT

import terrace
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.adapters.terraform.cli_config import cli_config

WRAPPER = """\
#!/bin/sh
began=$(date +%s%N)
{program} "$@"
code=$?
echo "$1 $(( $(date +%s%N) - began ))" >> {log}
exit $code
"""

PARTS = ("init", "validate", "plan", "show", "state", "Terrace itself")
COLOURS = ("#8c6bb1", "#d9a441", "#3a7ca5", "#6fb1a0", "#b56576", "#5b6770")

Bar = tuple[str, dict[str, float]]
"""What was done, and the seconds of its parts."""


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    compileall.compile_dir(Path(terrace.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="terrace-where-") as place, EmbeddedAws() as aws:
        aws.make_bucket("benchmark-states")
        bars = list(_bars(Path(place), aws))
    for title, parts in bars:
        told = "  ".join(f"{name} {seconds:.2f}" for name, seconds in parts.items() if seconds >= 0.005)
        print(f"{title:38} {sum(parts.values()):6.2f} s   {told}")
    if given.picture:
        given.picture.write_text(_picture(bars))


def _bars(place: Path, aws: EmbeddedAws) -> list[Bar]:
    log = place / "log"
    (place / "bin").mkdir()
    wrapper = place / "bin" / "terraform"
    wrapper.write_text(WRAPPER.format(program=shutil.which("terraform"), log=log))
    wrapper.chmod(0o755)
    env = {**os.environ, **aws.variables, "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "CHECKPOINT_DISABLE": "1"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    usual = {**env, "TF_CLI_CONFIG_FILE": str(cli_config(os.environ, place / "cache").path), "TF_IN_AUTOMATION": "1"}
    folder = _lay(place / "usual", "usual", aws) / "environments/dev"
    commands = ("init", "validate", "init", "plan -out=plan", "show -json plan", "show plan")
    script = "".join(f"terraform {command}\n" for command in commands)
    bars = [("usual commands", _timed(["sh", "-ec", script], folder, usual, log))]
    for fast, title in (("off", "Terrace, fast: off"), ("plan-only", "Terrace")):
        repository = _lay(place / fast, fast, aws)
        for argv in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
            subprocess.run(["git", *argv], cwd=repository, env=env, check=True)
        module = repository / "modules/service/main.tf"
        module.write_text(module.read_text().replace('"first"', '"second"'))
        check = [sys.executable, "-P", "-m", "terrace", "check", "--json"]
        mine = {**env, "TERRACE_HOME": str(place / f"home-{fast}")}
        bars.append((f"{title}, first time", _timed(check, repository, mine, log)))
        bars.append((f"{title}, from then on", _timed(check, repository, mine, log)))
    return bars


def _lay(repository: Path, who: str, aws: EmbeddedAws) -> Path:
    fast = "off" if who == "off" else "plan-only"
    files = {
        "environments/dev/main.tf": ROOT.format(who=who, environment="dev"),
        "modules/service/main.tf": MODULE % RESOURCES,
        "terrace.yaml": f"version: 1\nterraform: {{fast: '{fast}'}}\nenvironments:\n"
        f"  dev: {{env: [{', '.join(aws.variables)}]}}\n",
    }
    for name, text in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return repository


def _timed(argv: list[str], cwd: Path, env: Mapping[str, str], log: Path) -> dict[str, float]:
    log.write_text("")
    began = time.monotonic()
    done = subprocess.run(argv, cwd=cwd, env=dict(env), capture_output=True, check=False)
    seconds = time.monotonic() - began
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout.decode()}\n{done.stderr.decode()}")
    parts = dict.fromkeys(PARTS, 0.0)
    for line in log.read_text().splitlines():
        name, spent = line.split()
        if name in parts:
            parts[name] += int(spent) / 1e9
    # `fmt` and `version` run beside the others, or are Terrace's to ask.
    parts["Terrace itself"] = max(0.0, seconds - sum(parts.values()))
    return parts


def _picture(bars: list[Bar]) -> str:
    width, left, row = 960, 250, 34
    longest = max(sum(parts.values()) for _, parts in bars)
    scale = (width - left - 70) / longest
    height = row * len(bars) + 70
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="ui-sans-serif, system-ui, sans-serif" font-size="14">',
        "<title>Where the time of a check of one stack goes, in seconds</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (title, parts) in enumerate(bars):
        y = 12 + number * row
        out.append(f'<text x="{left - 12}" y="{y + 16}" text-anchor="end" fill="#20262b">{escape(title)}</text>')
        x = float(left)
        for name, colour in zip(PARTS, COLOURS, strict=True):
            length = parts[name] * scale
            if length >= 0.5:
                told = f"{name}: {parts[name]:.2f} s"
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="22" fill="{colour}">')
                out.append(f"<title>{escape(told)}</title></rect>")
            if length > 46:
                label = name.split()[0]
                out.append(f'<text x="{x + length / 2:.1f}" y="{y + 16}" text-anchor="middle" fill="#fff" ')
                out.append(f'font-size="12">{escape(label)}</text>')
            x += length
        out.append(f'<text x="{x + 8:.1f}" y="{y + 16}" fill="#20262b">{sum(parts.values()):.1f} s</text>')
    x = float(left)
    for name, colour in zip(PARTS, COLOURS, strict=True):
        y = height - 30
        out.append(f'<rect x="{x:.1f}" y="{y}" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{x + 18:.1f}" y="{y + 11}" fill="#20262b" font-size="13">{escape(name)}</text>')
        x += 40 + 7.6 * len(name)
    return "\n".join([*out, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
