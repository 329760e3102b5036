"""GitHub's own language service, the one behind its editors, finds nothing in the generated files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from github_files.tree import files, written
from support.tools import WORLD

PACKAGES = ("@actions/languageservice@0.3.61", "esbuild@0.25.12")
SCRIPT = Path(__file__).parent / "languageservice.mjs"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service as one file: as it is published it does not start with every Node."""
    folder = tmp_path_factory.mktemp("languageservice")
    (folder / SCRIPT.name).write_text(SCRIPT.read_text())
    bundle = ("npx", "esbuild", SCRIPT.name, "--bundle", "--platform=node", "--format=cjs", "--outfile=service.cjs")
    for command in (("npm", "install", "--silent", "--no-save", *PACKAGES), bundle):
        done = subprocess.run(command, cwd=folder, env=WORLD, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "service.cjs"


def found(service: Path, root: Path) -> str:
    names = sorted([*root.glob(".github/workflows/*.yml"), *root.glob(".github/actions/*/action.yml")])
    assert names
    command = ["node", str(service), str(root), *map(str, names)]
    done = subprocess.run(command, env=WORLD, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.peer
def test_it_finds_nothing(service: Path, tmp_path: Path) -> None:
    assert found(service, written(tmp_path, files())) == ""


@pytest.mark.peer
@pytest.mark.parametrize(("right", "wrong"), [("contains(", "containz("), ("needs.hear.outputs", "needs.ear.outputs")])
def test_it_finds_a_planted_mistake(service: Path, tmp_path: Path, right: str, wrong: str) -> None:
    path = ".github/workflows/chatops.yml"
    assert found(service, written(tmp_path, {path: files()[path].replace(right, wrong)})) != ""
