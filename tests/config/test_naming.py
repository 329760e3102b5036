"""Names of others in commands that people paste into a shell are words, and no options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from hypothesis import example, given, settings

from support.hostile import texts
from terrace.assess.model import Objection, Weight
from terrace.config.naming import quote_text, quote_word
from terrace.gates.objections import answer
from terrace.stacks.model import Manual


@settings(max_examples=200)
@given(texts)
@example("a'; touch /tmp/x; '")
@example("-rf")
@example("$(id)`id`")
def test_a_name_of_others_in_a_command_is_one_word(text: str) -> None:
    assert shlex.split(f"terrace x {quote_text(text)} y") == ["terrace", "x", text, "y"]
    (word,) = shlex.split(quote_word(text), posix=True) or [""]
    assert word in (text, f"./{text}") and not word.startswith("-")


def test_what_a_gate_proposes_to_paste_runs_nothing_else() -> None:
    address = "aws_x.y[\"a'; touch /tmp/x; '\"]"
    one = Objection("stateful", "prod", address, "goes away", Weight.NAME)
    results = answer(Manual("ann"), (one,), frozenset())
    told = next(result.satisfy for result in results if result.satisfy)
    command = told[told.index("--allow") :]
    assert shlex.split(command) == ["--allow", one.name]


def test_no_command_in_the_source_quotes_a_name_by_hand() -> None:
    """A quote in the name would end it."""
    source = Path(__file__).parents[2] / "src/terrace"
    for path in source.rglob("*.py"):
        found = re.findall(r"(?:terrace|terraform|tofu|git) [a-z][^\"`]*'\{[^}]*\}'", path.read_text())
        assert not [one for one in found if "{FOLDER}" not in one], path
