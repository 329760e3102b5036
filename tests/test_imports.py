"""How the files of Terrace import each other: no circles, whatever the packages."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import terrace

SOURCE = Path(terrace.__file__).parent


def modules(root: Path) -> dict[str, Path]:
    """Every module below a package, by its name."""
    found = {}
    for path in root.rglob("*.py"):
        parts = [root.name, *path.relative_to(root).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST, known: Iterable[str]) -> Iterator[str]:
    """The modules that a file imports when it is run, also within functions; what only types need does not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module
        else:
            yield from imported(node, known)


def circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """A circle of a graph, from a module back to itself; [] where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def graph_of(root: Path) -> dict[str, set[str]]:
    """What each module below a package imports of that package."""
    known = modules(root)
    return {
        name: {one for one in imported(ast.parse(path.read_text("utf-8")), known) if one in known and one != name}
        for name, path in known.items()
    }


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle(graph_of(SOURCE)) == []


@pytest.mark.parametrize("statement", ["import example.b", "from example.b import x", "from example import b"])
def test_an_import_within_a_function_is_part_of_a_circle(tmp_path: Path, statement: str) -> None:
    root = tmp_path / "example"
    root.mkdir()
    (root / "a.py").write_text(f"def run() -> None:\n    {statement}\n")
    (root / "b.py").write_text("from example.a import run\n")
    assert set(circle(graph_of(root))) == {"example.a", "example.b"}


def test_an_import_for_types_alone_is_part_of_no_circle(tmp_path: Path) -> None:
    root = tmp_path / "example"
    root.mkdir()
    (root / "a.py").write_text("if TYPE_CHECKING:\n    from example.b import x\n")
    (root / "b.py").write_text("from example.a import run\n")
    assert circle(graph_of(root)) == []
