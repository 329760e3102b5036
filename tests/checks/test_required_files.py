"""Required files that a module lacks."""

from __future__ import annotations

from terrace.checks.required_files import find_missing_files


def test_every_missing_file_is_named() -> None:
    there = {"modules/a/README.md", "README.md"}
    found = find_missing_files("modules/a", there, ("README.md", "versions.tf"))
    assert [(f.message, f.path) for f in found] == [("modules/a has no versions.tf", "modules/a/versions.tf")]
    assert find_missing_files("", there, ("README.md",)) == ()
    assert [f.message for f in find_missing_files("", there, ("x",))] == ["the root of the repository has no x"]
