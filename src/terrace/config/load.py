"""The loader of terrace.yaml. All problems of a file are reported together, each with its place."""

from __future__ import annotations

from dataclasses import replace

from terrace.config.checks import DeclaredChecks
from terrace.config.default_environments import conventional_environments
from terrace.config.keys.terrace_yaml import terrace_record
from terrace.config.kinds import Reading
from terrace.config.model import Config
from terrace.config.records import read_document


def load(
    text: bytes,
    path: str = "terrace.yaml",
    *,
    discovered: tuple[str, ...] = (),
    branch: str = "main",
    remote: str = "origin",
    checks: DeclaredChecks,
) -> Config:
    """Returns the configuration that a text describes. `discovered` are the environments found by directory; `branch`
    and `remote` are the place of the text, and the defaults of these keys; `checks` are the checks that exist.

    The default without text is safe: the environments in the usual promotion order (the usual names first, others by
    alphabet), each after the previous one, all manual, with one approval for the last of several and for production.
    Raises BadConfig with every problem.
    """
    environments = conventional_environments(discovered)
    usual = Config(environments=environments, branch=branch, remote=remote, known_checks=checks)
    return read_document(
        text,
        path,
        terrace_record(checks),
        empty=usual,
        base=replace(usual, source=path),
        reading=Reading({"environment": [environment.name for environment in environments]}),
    )
