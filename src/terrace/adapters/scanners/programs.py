"""Runs each scanner and reads its output. Scanners get copies, an empty home, and no network."""

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
"""Version of the parsing of outputs and of the arguments: an increase invalidates cached results."""


@dataclass(frozen=True, slots=True)
class ScannerFolders:
    """The private folders of a scanner: `program` runs on the files in `root`, with configuration in `settings` and a
    `home`. `path` is PATH. They are removed when the scanner has finished.
    """

    program: Path
    root: Path
    settings: Path
    home: Path
    path: str
    seconds: float = SECONDS

    def run(self, arguments: Sequence[str | Path], **more: str) -> Finished:
        """Runs the scanner with these arguments in `root`; `more` are variables."""
        env = {**confinement(self.path, self.home), **more}
        return confined([self.program, *arguments], cwd=self.root, env=env, limits=Limits(self.seconds))

    def known(self, named: str) -> str | None:
        """Returns a path in the output relative to `root`; None where it is not one of its files."""
        full = Path(posixpath.normpath(self.root / named))
        return full.relative_to(self.root).as_posix() if full.is_relative_to(self.root) and full.is_file() else None


def checkov_sources(desk: ScannerFolders) -> tuple[Finding, ...]:
    """Returns checkov's findings in the sources of `root`."""
    done = desk.run([*_checkov(desk), "--directory", desk.root, "--framework", "terraform"])
    return checkov.of_sources(_ended("checkov", done), desk.known)


def checkov_plans(desk: ScannerFolders, plans: Mapping[str, str]) -> tuple[Finding, ...]:
    """Returns checkov's findings in plans, by stack key, from one run. `root` contains a file per plan."""
    files = [part for name in plans for part in ("--file", desk.root / name)]
    # Values that are known only after apply are treated as set.
    done = desk.run(
        [*_checkov(desk), "--quiet", "--framework", "terraform_plan", *files], EVAL_TF_PLAN_AFTER_UNKNOWN="1"
    )
    return checkov.of_plans(_ended("checkov", done), {str(desk.root / name): key for name, key in plans.items()})


def _checkov(desk: ScannerFolders) -> list[str | Path]:
    return [
        *("--output", "json", "--compact", "--skip-download", "--soft-fail"),
        *("--config-file", desk.settings / "checkov.yaml"),
    ]


def trivy_sources(desk: ScannerFolders) -> tuple[Finding, ...]:
    """Returns trivy's findings in the sources of `root`."""
    settings = ("--config", desk.settings / "trivy.yaml", "--ignorefile", desk.settings / "trivyignore")
    # As variables: versions that do not know one of them ignore it.
    quiet = {"TRIVY_SKIP_CHECK_UPDATE": "true", "TRIVY_SKIP_VERSION_CHECK": "true", "TRIVY_DISABLE_TELEMETRY": "true"}
    done = desk.run(["config", "--format", "json", "--quiet", *settings, "."], **quiet)
    return trivy.of_sources(_ended("trivy", done), desk.known)


def tflint_sources(desk: ScannerFolders) -> tuple[Finding, ...]:
    """Returns tflint's findings in the sources of `root`, with its built-in rules and no plugin."""
    done = desk.run(
        ["--recursive", "--format=json", "--force", f"--config={desk.settings / 'tflint.hcl'}"],
        TFLINT_PLUGIN_DIR=str(desk.home / "plugins"),
    )
    # It exits with 1 and reports the reason in its JSON.
    return tflint.of_sources(_ended("tflint", done, (0, 1)), desk.known)


def gitleaks_files(desk: ScannerFolders, spot: Spot) -> tuple[Finding, ...]:
    """Returns the secrets that gitleaks finds in the files of `root`."""
    done = desk.run(
        [
            *("dir", ".", "--report-format", "json", "--report-path", "-", "--exit-code", "0"),
            *("--no-banner", "--redact=100", "--log-level", "error", "--ignore-gitleaks-allow"),
            *("--config", desk.settings / "gitleaks.toml"),
        ]
    )
    ignored = (desk.settings / "gitleaksignore").read_text("utf-8", "replace").splitlines()
    return secret_tools.of_gitleaks(_ended("gitleaks", done), _normal(spot), frozenset(ignored))


def trufflehog_files(desk: ScannerFolders, spot: Spot) -> tuple[Finding, ...]:
    """Returns the secrets that trufflehog finds in the files of `root`, without checking online whether they are
    valid."""
    done = desk.run(["filesystem", ".", "--json", "--no-verification", "--no-update"])
    return secret_tools.of_trufflehog(_ended("trufflehog", done), _normal(spot))


SOURCES: Mapping[str, Callable[[ScannerFolders], tuple[Finding, ...]]] = {
    "checkov": checkov_sources,
    "trivy": trivy_sources,
    "tflint": tflint_sources,
}
"""Scanners of sources, by the name of the check and of the tool."""

SECRETS: Mapping[str, Callable[[ScannerFolders, Spot], tuple[Finding, ...]]] = {
    "gitleaks": gitleaks_files,
    "trufflehog": trufflehog_files,
}
"""Scanners for secrets, by the name of the check and of the tool."""


def _ended(tool: str, done: Finished, right: tuple[int, ...] = (0,)) -> bytes:
    if done.code not in right:
        # The output of a secret scanner is never shown: it may contain a secret.
        raise crashed(tool, done.code, "" if tool in SECRETS else done.message or done.out.decode("utf-8", "replace"))
    return done.out


def _normal(spot: Spot) -> Spot:
    return lambda name: spot(posixpath.normpath(name))
