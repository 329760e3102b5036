"""Recall and precision of the search on the corpus of the benchmark, and speed where lines are very long."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from support.planted import secrets
from terrace.assess.leaks.text import allows_bare, sightings

CORPUS = Path(__file__).parents[3] / "benchmarks/leaks_corpus.py"
SECRET = "Tr0ub" + "4dor&3x"


def told(path: str, text: str) -> list[str]:
    return [text[one.start : one.end] for one in sightings(text, bare=allows_bare(path), path=path)]


def test_recall_and_precision_on_the_corpus() -> None:
    planted, quiet, missed, wrong = runpy.run_path(str(CORPUS))["measured"]()
    assert planted >= 300 <= quiet
    right = planted - len(missed)
    assert right / planted >= 0.95, missed
    assert right / (right + len(wrong)) >= 0.98, wrong


@pytest.mark.parametrize(
    "text",
    [
        f'variable "db_password" {{\n  validation {{\n    condition = true\n  }}\n  default = "{SECRET}"\n}}\n',
        f"x {{\n  user_data = <<EOT\nexport DB_PASSWORD={SECRET}\nEOT\n}}\n",
        f'x {{\n  password = sensitive(coalesce(var.a, "{SECRET}"))\n}}\n',
        f'x {{\n  passwords = ["{SECRET}"]\n}}\n',
        f'x {{\n  note     = "über"\n  passwords = {{ "ä" = "{SECRET}" }}\n}}\n',
        f'passwords = ["{SECRET}"]\n',
    ],
)
def test_configuration_is_read_by_names_and_values(text: str) -> None:
    assert told("a.tf", f"# first\n{text}") == [SECRET]


@pytest.mark.parametrize("path", ["a.tf", "a.json", "a.yml"])
def test_a_secret_is_found_anywhere_in_a_line_of_any_length(path: str) -> None:
    for before in (100, 25_000, 400_000):
        line = f'{{"a": "{"x " * before}", "password": "{SECRET}", "b": "{"y" * before}"}}'
        assert told(path, line) == [SECRET]


def test_functions_that_do_not_pass_their_argument_on_hold_no_secret() -> None:
    text = 'x {\n  password = lookup(var.passwords, "admin-9f8e7d6c")\n  token = data.x.y["app-9f8e7d6c"].z\n}\n'
    assert told("a.tf", text) == []


def test_what_is_no_configuration_is_read_by_lines() -> None:
    kind, path, text = secrets(1)["password in yaml"]
    assert len(told(path, text)) == 1
    assert kind == "password"
