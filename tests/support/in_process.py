"""The command line in the process of the test, where its errors are raised."""

from __future__ import annotations

from terrace.apps.cli.main import cli


def run_command(*arguments: object) -> int:
    """Runs a command; returns its exit code, or raises what the error handler would print."""
    code = cli.main([str(argument) for argument in arguments], prog_name="terrace", standalone_mode=False)
    assert isinstance(code, int)
    return code
