"""How each scanner is called, and what it says. They are given copies, an empty home, and no way out."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.confined import SECONDS, Limits, confined, confinement
from terrace.adapters.process import Finished
from terrace.assess.model import Finding
from terrace.checks.scanners import checkov, secret_tools, tflint, trivy
from terrace.checks.scanners.heard import crashed
from terrace.checks.scanners.secret_tools import Spot

FORMAT = 1
"""Goes up when the same words of a scanner are read otherwise, or it is called otherwise."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a scanner works: `program` on the files of `root`, with the files of `settings` beside it, and a `home`.

    `path` is PATH. All of it is private, and gone when the scanner is done.
    """

    program: Path
    root: Path
    settings: Path
    home: Path
    path: str
    seconds: float = SECONDS

    def run(self, arguments: Sequence[str | Path], **more: str) -> Finished:
        """The scanner with these arguments, started in `root`; `more` are variables."""
        env = {**confinement(self.path, self.home), **more}
        return confined([self.program, *arguments], cwd=self.root, env=env, limits=Limits(self.seconds))

    def known(self, named: str) -> str | None:
        """A path that the scanner named, from `root`; None where that is none of its files."""
        full = Path(posixpath.normpath(self.root / named))
        return full.relative_to(self.root).as_posix() if full.is_relative_to(self.root) and full.is_file() else None


def checkov_sources(desk: Desk) -> tuple[Finding, ...]:
    """What checkov says of the sources of `root`."""
    done = desk.run([*_checkov(desk), "--directory", desk.root, "--framework", "terraform"])
    return checkov.of_sources(_ended("checkov", done), desk.known)


def checkov_plans(desk: Desk, plans: Mapping[str, str]) -> tuple[Finding, ...]:
    """What checkov says of plans: stack keys by the name of the file in `root` with its plan. One run for all."""
    files = [part for name in plans for part in ("--file", desk.root / name)]
    # What is known only after apply counts as there.
    done = desk.run(
        [*_checkov(desk), "--quiet", "--framework", "terraform_plan", *files], EVAL_TF_PLAN_AFTER_UNKNOWN="1"
    )
    return checkov.of_plans(_ended("checkov", done), {str(desk.root / name): key for name, key in plans.items()})


def _checkov(desk: Desk) -> list[str | Path]:
    return [
        *("--output", "json", "--compact", "--skip-download", "--soft-fail"),
        *("--config-file", desk.settings / "checkov.yaml"),
    ]


def trivy_sources(desk: Desk) -> tuple[Finding, ...]:
    """What trivy says of the sources of `root`."""
    settings = ("--config", desk.settings / "trivy.yaml", "--ignorefile", desk.settings / "trivyignore")
    # As variables: a version that does not know one of them does without.
    quiet = {"TRIVY_SKIP_CHECK_UPDATE": "true", "TRIVY_SKIP_VERSION_CHECK": "true", "TRIVY_DISABLE_TELEMETRY": "true"}
    done = desk.run(["config", "--format", "json", "--quiet", *settings, "."], **quiet)
    return trivy.of_sources(_ended("trivy", done), desk.known)


def tflint_sources(desk: Desk) -> tuple[Finding, ...]:
    """What tflint says of the sources of `root`, with the rules that it brings and no plugin."""
    done = desk.run(
        ["--recursive", "--format=json", "--force", f"--config={desk.settings / 'tflint.hcl'}"],
        TFLINT_PLUGIN_DIR=str(desk.home / "plugins"),
    )
    # It ends with 1 and says why in its JSON.
    return tflint.of_sources(_ended("tflint", done, (0, 1)), desk.known)


def gitleaks_files(desk: Desk, spot: Spot) -> tuple[Finding, ...]:
    """The secrets that gitleaks sees in the files of `root`."""
    done = desk.run(
        [
            *("dir", ".", "--report-format", "json", "--report-path", "-", "--exit-code", "0"),
            *("--no-banner", "--redact=100", "--log-level", "error", "--ignore-gitleaks-allow"),
            *("--config", desk.settings / "gitleaks.toml"),
        ]
    )
    ignored = (desk.settings / "gitleaksignore").read_text("utf-8", "replace").splitlines()
    return secret_tools.of_gitleaks(_ended("gitleaks", done), _normal(spot), frozenset(ignored))


def trufflehog_files(desk: Desk, spot: Spot) -> tuple[Finding, ...]:
    """The secrets that trufflehog sees in the files of `root`. It asks nobody whether they are still good."""
    done = desk.run(["filesystem", ".", "--json", "--no-verification", "--no-update"])
    return secret_tools.of_trufflehog(_ended("trufflehog", done), _normal(spot))


SOURCES: Mapping[str, Callable[[Desk], tuple[Finding, ...]]] = {
    "checkov": checkov_sources,
    "trivy": trivy_sources,
    "tflint": tflint_sources,
}
"""Scanners of sources, by the name of the check and of the tool."""

SECRETS: Mapping[str, Callable[[Desk, Spot], tuple[Finding, ...]]] = {
    "gitleaks": gitleaks_files,
    "trufflehog": trufflehog_files,
}
"""Scanners for secrets, by the name of the check and of the tool."""


def _ended(tool: str, done: Finished, right: tuple[int, ...] = (0,)) -> bytes:
    if done.code not in right:
        # Of a tool that looks for secrets not even its last words are shown: they may be one.
        raise crashed(tool, done.code, "" if tool in SECRETS else done.message or done.out.decode("utf-8", "replace"))
    return done.out


def _normal(spot: Spot) -> Spot:
    return lambda name: spot(posixpath.normpath(name))
