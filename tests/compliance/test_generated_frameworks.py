"""The framework files are those that `docs/frameworks.py` generates."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
WHEEL = os.environ.get("PROWLER_WHEEL")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("frameworks", ROOT / "docs/frameworks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_framework_and_nothing_that_it_is_made_from_changed_since_it_was_generated(generator: ModuleType) -> None:
    """Run `make frameworks` where this fails: an edit of a framework would be lost the next time."""
    assert generator.SUMS.read_text() == generator.sums()


def test_a_framework_says_how_it_is_generated(generator: ModuleType) -> None:
    for name in generator.NAMES:
        assert "make frameworks" in json.loads((generator.TARGET / f"{name}.json").read_bytes())["generated"]


@pytest.mark.skipif(not WHEEL, reason="PROWLER_WHEEL is not set to the wheel that `make frameworks` downloads")
def test_the_frameworks_are_what_the_mappings_give(generator: ModuleType) -> None:
    for name, framework in generator.frameworks(generator.Wheel(Path(WHEEL or ""))):
        assert (generator.TARGET / f"{name}.json").read_text() == generator.text_of(framework)
