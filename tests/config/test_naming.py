"""Untrusted names in commands that people paste into a shell are single words and never options."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import example, given

from support.hostile import texts
from terrace.assess.model import Objection, Weight
from terrace.config.model import Config, Environment
from terrace.config.naming import quote_text, quote_word
from terrace.gates.facts import Facts
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.objections import check_objections
from terrace.stacks.model import Manual


@given(texts)
@example("a'; touch /tmp/x; '")
@example("-rf")
@example("$(id)`id`")
def test_an_untrusted_name_in_a_command_is_one_word(text: str) -> None:
    assert shlex.split(f"terrace x {quote_text(text)} y") == ["terrace", "x", text, "y"]
    (word,) = shlex.split(quote_word(text), posix=True) or [""]
    assert word in (text, f"./{text}") and not word.startswith("-")


def test_a_command_proposed_by_a_gate_runs_nothing_else() -> None:
    address = "aws_x.y[\"a'; touch /tmp/x; '\"]"
    objection = Objection("stateful", "prod", address, "is deleted", Weight.NAME)
    facts = Facts("c" * 40, (), "ann", "main", True, None, None, None, Manual("ann"))
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    request = Request(Moment.APPLY, Config(), Environment("prod"), facts, now, Plans(objections=(objection,)))
    results = check_objections(request)
    hint = next(result.satisfy for result in results if result.satisfy)
    command = hint[hint.index("--allow") :]
    assert shlex.split(command) == ["--allow", objection.name]


def test_commands_in_the_source_quote_names_with_quote_word() -> None:
    """A quote in the name would end a quoted string."""
    source = Path(__file__).parents[2] / "src/terrace"
    for path in source.rglob("*.py"):
        found = re.findall(r"(?:terrace|terraform|tofu|git) [a-z][^\"`]*'\{[^}]*\}'", path.read_text())
        assert not [one for one in found if "{FOLDER}" not in one], path
