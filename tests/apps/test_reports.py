"""`terrace check` writes every report that is asked for in one run, and refuses before it works."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as Xml
from pathlib import Path

import pytest

from support.cli import three_environments, world
from terrace.report.formats import CHECK_FORMATS, FORMATS

pytestmark = pytest.mark.slow


def test_one_run_writes_several_reports(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    (shop.work / "environments/dev/main.tf").write_text("locals {\na=1\n}\n")
    names = {style: tmp_path / style for style in ("sarif", "junit", "markdown", "json", "terminal")}
    asked = [word for style, file in names.items() for word in ("--report", f"{style}={file}")]
    done = shop.run("check", *asked)
    assert done.code == 1, done.err
    assert "blocked by:\n  format at environments/dev/main.tf: " in done.out
    assert "      -a=1\n      +  a = 1\n" in done.out
    assert "-a=1\n+  a = 1\n" in names["markdown"].read_text()
    assert names["terminal"].read_text().endswith(done.out[-40:])
    assert any(run["results"] for run in json.loads(names["sarif"].read_text())["runs"])
    assert Xml.parse(names["junit"]).getroot().get("failures") == "1"
    assert json.loads(names["json"].read_text())["verdict"] == "block"
    assert "**Blocked by**" in names["markdown"].read_text()

    for wrong in (
        ("--report", "pdf=x"),
        ("--report", "html"),
        ("--report", "sarif=no/such/x"),
        ("--report", "json=a", "--output", "a"),
    ):
        refused = shop.run("check", *wrong)
        assert refused.code == 2, refused.err
        assert "hint: " in refused.err


def test_the_page_about_reports_has_every_format_of_a_check() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/reports.md").read_text("utf-8")
    assert re.findall(r"(?m)^\| ([a-z]+) \|", page) == list(CHECK_FORMATS)


def test_a_format_has_its_own_extension() -> None:
    assert len({each.extension for each in FORMATS.values()}) == len(FORMATS)
