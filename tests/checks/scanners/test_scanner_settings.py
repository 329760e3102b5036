"""Users' configuration of scanners: keys that select rules are passed on; keys that would run code are ignored and
reported."""

from __future__ import annotations

import json

import pytest

from terrace.checks.scanners.all import SCANNERS
from terrace.errors import BadInput


def test_checkov() -> None:
    text = b"skip-check: [CKV_AWS_144]\nexternal-checks-dir: [checks]\nexternal-checks-git: [x]\nsoft-fail: true\n"
    found = SCANNERS["checkov"].settings({".checkov.yaml": text})
    assert json.loads(found.files["checkov.yaml"]) == {"skip-check": ["CKV_AWS_144"]}
    assert [key for _, key in found.ignored] == ["external-checks-dir", "external-checks-git", "soft-fail"]


def test_trivy() -> None:
    text = b"severity: [HIGH]\nscan: {skip-dirs: [x], scanners: [secret]}\nrego: {check: [evil]}\nignorefile: other\n"
    found = SCANNERS["trivy"].settings({"trivy.yaml": text, ".trivyignore": b"AWS-0086\n"})
    assert json.loads(found.files["trivy.yaml"]) == {"severity": ["HIGH"], "scan": {"skip-dirs": ["x"]}}
    assert found.files["trivyignore"] == b"AWS-0086\n"
    assert [key for _, key in found.ignored] == ["scan.scanners", "rego", "ignorefile"]


def test_tflint() -> None:
    text = b"""
config { plugin_dir = "./plugins" }
plugin "terraform" {
  enabled = true
  preset  = "all"
  source  = "github.com/evil/it"
}
plugin "aws" { enabled = true }
rule "terraform_naming_convention" {
  enabled = true
  format  = "snake_case"
}
"""
    found = SCANNERS["tflint"].settings({".tflint.hcl": text})
    made = found.files["tflint.hcl"].decode()
    assert "plugin_dir" not in made
    assert "evil" not in made
    assert 'preset = "all"' in made
    assert 'format = "snake_case"' in made
    assert [key for _, key in found.ignored] == ["config.plugin_dir", "plugin terraform.source", "plugin aws"]


def test_gitleaks_uses_its_own_rules_unless_told_and_reads_no_other_file() -> None:
    assert b"useDefault = true" in SCANNERS["gitleaks"].settings({}).files["gitleaks.toml"]
    found = SCANNERS["gitleaks"].settings({".gitleaks.toml": b'[extend]\npath = "elsewhere.toml"\nuseDefault = true\n'})
    assert b"elsewhere" not in found.files["gitleaks.toml"]
    assert [key for _, key in found.ignored] == ["extend.path"]


@pytest.mark.parametrize(
    ("scanner", "name", "text"),
    [
        ("checkov", ".checkov.yaml", b"a: [\n"),
        ("checkov", ".checkov.yaml", b"- a\n"),
        ("checkov", ".checkov.yaml", b"\xff"),
        ("trivy", "trivy.yaml", b"{"),
        ("tflint", ".tflint.hcl", b"rule {"),
        ("gitleaks", ".gitleaks.toml", b"= ="),
        ("gitleaks", ".gitleaks.toml", b"a = " + b"[" * 50_000),
        ("gitleaks", ".gitleaks.toml", b"a = " + b"1" * 5_000),
        ("trivy", "trivy.yaml", b"a: " + b"[" * 5_000 + b"]" * 5_000),
        ("trivy", "trivy.yaml", b"a: " + b"1" * 5_000),
        ("checkov", ".checkov.yaml", b"check: &a [x]\nskip-check: [*a, *a]\n"),
    ],
)
def test_one_that_cannot_be_read_is_an_error_with_its_name(scanner: str, name: str, text: bytes) -> None:
    with pytest.raises(BadInput) as told:
        SCANNERS[scanner].settings({name: text})
    assert name in str(told.value)


def test_a_day_in_the_settings_of_a_scanner_is_text() -> None:
    assert b"2026-01-01" in SCANNERS["trivy"].settings({"trivy.yaml": b"severity: 2026-01-01\n"}).files["trivy.yaml"]


@pytest.mark.parametrize("scanner", SCANNERS)
def test_without_any_there_is_nothing_to_say(scanner: str) -> None:
    assert SCANNERS[scanner].settings({}).ignored == ()
