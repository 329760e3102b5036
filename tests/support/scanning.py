"""Small programs that stand for scanners: they say what a test wants, and note how they were called."""

from __future__ import annotations

import json
import sys
from pathlib import Path

SCRIPT = """\
#!{python}
import json, os, pathlib, sys, time
here = pathlib.Path({folder!r})
if sys.argv[1:] in (["--version"], ["version"]):
    print({version!r})
    sys.exit()
seen = {{
    "argv": sys.argv[1:],
    "env": dict(os.environ),
    "files": {{str(p.relative_to(".")): p.read_text() for p in pathlib.Path(".").rglob("*") if p.is_file()}},
    "modes": sorted({{oct(p.stat().st_mode & 0o777) for p in pathlib.Path(".").rglob("*") if p.is_file()}}),
}}
with (here / "{name}.calls").open("a") as file:
    file.write(json.dumps(seen) + "\\n")
{body}
"""
SAYS = "print((here / '{name}.says').read_text().replace('ROOT', os.getcwd()))"


class Bench:
    """A folder for PATH with such programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def put(self, name: str, says: object = None, *, body: str = "", version: str = "1.2.3") -> None:
        """A program that prints `says` as JSON, or does what `body` does. ROOT is where it was started."""
        (self.folder / f"{name}.says").write_text(says if isinstance(says, str) else json.dumps(says))
        text = SCRIPT.format(
            python=sys.executable,
            folder=str(self.folder),
            name=name,
            version=version,
            body=body or SAYS.format(name=name),
        )
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def calls(self, name: str) -> list[dict[str, object]]:
        """How it was called, each time."""
        path = self.folder / f"{name}.calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def of_checkov(*failed: dict[str, object], errors: tuple[str, ...] = ()) -> dict[str, object]:
    """A report of checkov."""
    results = {"failed_checks": list(failed), "skipped_checks": [], "parsing_errors": list(errors)}
    return {"check_type": "terraform", "results": results, "summary": {"parsing_errors": len(errors)}}


def failed_check(rule: str, path: str, line: int = 1, **more: object) -> dict[str, object]:
    """One failed check of checkov, in a file of ROOT."""
    return {
        "check_id": rule,
        "check_name": f"what {rule} asks",
        "check_result": {"result": "FAILED"},
        "file_path": f"/{path}",
        "file_abs_path": f"ROOT/{path}",
        "file_line_range": [line, line + 2],
        "resource": "terraform_data.it",
        "severity": None,
        **more,
    }
