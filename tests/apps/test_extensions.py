"""The examples of CONTRIBUTING.md, added to a copy of the package as the page says, and used by its commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import terrace
from support.cli import LADDER, World, three_environments, world
from support.scanning import Bench

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")


def example(title: str) -> str:
    """Returns the code in the section with this title."""
    section = PAGE.partition(f"## Add a {title}\n")[2].partition("\n## ")[0]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert code is not None, title
    return code[1]


def entry(start: str) -> str:
    """Returns the entry of a registry that a sentence of the page quotes."""
    quoted = re.search(re.escape(start) + r".*?\)(?=`)", PAGE)
    assert quoted is not None, start
    return quoted[0]


class Extended:
    """A copy of the package in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "terrace"
        shutil.copytree(Path(terrace.__file__).parent, self.package)

    def add(self, path: str, text: str) -> None:
        """Adds a file."""
        (self.package / path).parent.mkdir(exist_ok=True)
        (self.package / path).write_text(text)

    def change(self, path: str, *changes: tuple[str, str]) -> None:
        """Replaces text of a file, which must have it once."""
        text = (self.package / path).read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1, (path, old)
            text = text.replace(old, new)
        (self.package / path).write_text(text)

    def run(self, place: World, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command of the copy in a repository, with `path` first on PATH."""
        env = {**place.environment, "PYTHONPATH": str(self.folder)}
        env["PATH"] = f"{path}:{env['PATH']}" if path else env["PATH"]
        argv = [sys.executable, "-P", *arguments]
        return subprocess.run(argv, cwd=place.work, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def extended(tmp_path: Path) -> Extended:
    """The package with one more of each, by a file and an entry of its registry."""
    copy = Extended(tmp_path / "extended")
    future = "from __future__ import annotations\n\n"
    copy.add("checks/readme.py", future + example("check"))
    copy.change(
        "checks/all.py",
        ("    pinned,\n", "    pinned,\n    readme,\n"),
        ("        pinned.CHECK,\n", "        pinned.CHECK,\n        readme.CHECK,\n"),
    )
    copy.add("checks/scanners/terraspell.py", future + example("scanner"))
    copy.change(
        "checks/scanners/all.py",
        ("gitleaks, tflint,", "gitleaks, terraspell, tflint,"),
        ("tflint.SCANNER, gitleaks", "tflint.SCANNER, terraspell.SCANNER, gitleaks"),
    )
    copy.add("apps/cli/commands/hello.py", example("command"))
    hello = entry('"hello": Entry(')
    copy.change("apps/cli/main.py", ('    "adopt": Entry(', f'    {hello},\n    "adopt": Entry('))
    copy.add("clouds/acme/__init__.py", "")
    copy.add("clouds/acme/cloud.py", example("cloud"))
    aws = "from terrace.clouds.aws.cloud import AWS\n"
    copy.change(
        "clouds/all.py",
        (aws, f"from terrace.clouds.acme.cloud import CLOUD\n{aws}"),
        ("(AWS, AZURE,", "(CLOUD, AWS, AZURE,"),
    )
    copy.add("report/places.py", example("report format"))
    renderer = "def _places_check(record):\n    from terrace.report import places\n\n    return places.check(record)\n"
    places = entry('Format(name="places"')
    copy.change(
        "report/formats.py",
        ("TERMINAL = Format(", f"{renderer}\n\nTERMINAL = Format("),
        ("SARIF, JUNIT, JSON)", f"SARIF, JUNIT, JSON, {places})"),
    )
    key, field = re.findall(r"(?m)^    ((?:Key\(|contact:).*)$", PAGE)
    soak = '        Key(\n            "soak",'
    copy.change("config/keys/environments.py", (soak, f"        {key}\n{soak}"))
    default = "    soak: timedelta = timedelta(0)\n"
    copy.change("config/model.py", (default, f"{default}    {field}\n"))
    # The answer of the example depends on the day: here it is that of a Sunday. A check asks for it.
    function, gate = example("gate").replace("Moment.ENTRY", "Moment.CHECK").split("\n\n\n")
    sunday = function.replace("request.now.weekday() < 5", "6 < 5")
    with (copy.package / "gates/environment.py").open("a") as file:
        file.write(f"\n\n{sunday}\n")
    copy.change(
        "gates/all.py",
        ("    check_unread_events,\n", "    check_unread_events,\n    check_weekdays,\n"),
        ("    POLICY,\n", f"    {gate.strip()},\n    POLICY,\n"),
    )
    return copy


def test_one_more_of_each_works_from_its_file_and_its_entry(extended: Extended, tmp_path: Path) -> None:
    files = {**three_environments(), "README.md": "# Shop\n"}
    environment = LADDER.replace("  dev: {}\n", "  dev: {contact: ann}\n")
    files["terrace.yaml"] = f"{environment}checks: {{terraspell: required}}\n"
    place = world(tmp_path / "shop", files)
    (place.work / "README.md").rename(place.work / "readme.md")
    main = place.work / "environments/dev/main.tf"
    main.write_text(f"{main.read_text()}# teh end\n")
    bench = Bench(tmp_path / "bench")
    bench.put("terraspell", [["environments/dev/main.tf", 5]])
    report = tmp_path / "check.places"
    arguments = ("-m", "terrace", "check", "--static", "--json", "--report", f"places={report}")
    done = extended.run(place, *arguments, path=str(bench.folder))
    assert done.returncode == 1, done.stderr
    checked = json.loads(done.stdout)
    findings = {finding["rule"]: finding for finding in checked["findings"]}
    assert findings["readme"]["file"] == "readme.md"
    assert findings["terraspell.typo"]["line"] == 5
    assert "environments/dev/main.tf:5: a typo\n" in report.read_text()
    dev = next(each for each in checked["ahead"] if each["environment"] == "dev")
    assert ("weekdays", "block") in {(gate["gate"], gate["outcome"]) for gate in dev["gates"]}

    hello = extended.run(place, "-m", "terrace", "hello", "dev")
    assert hello.stdout.startswith("hello dev of "), hello.stderr
    registries = (
        "from terrace.adapters.tools.known import tool; from terrace.clouds.stateful import is_stateful; "
        "print(tool('terraspell').purpose, is_stateful('acme_disk'))"
    )
    assert extended.run(place, "-c", registries).stdout == "finds typos True\n"
