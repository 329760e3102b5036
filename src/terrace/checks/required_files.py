"""Whether a module has the files that terrace.yaml asks for."""

from __future__ import annotations

from collections.abc import Collection

from terrace.assess.model import Finding, Severity, Status


def missing_files(folder: str, there: Collection[str], wanted: Collection[str]) -> tuple[Finding, ...]:
    """A finding for every wanted file that a folder lacks; `there` are all paths of the repository."""
    paths = {name: f"{folder}/{name}" if folder else name for name in wanted}
    return tuple(
        Finding(
            rule="required-files",
            severity=Severity.LOW,
            status=Status.FAIL,
            tool="terrace",
            message=f"{folder or 'the root of the repository'} has no {name}",
            path=path,
            fix=f"write {path}",
        )
        for name, path in sorted(paths.items())
        if path not in there
    )
