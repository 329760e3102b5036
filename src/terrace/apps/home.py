"""Where Terrace keeps things on this machine. Nothing of it lies in the user's checkout."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class Home:
    """Two roots: what may be thrown away (`cache`) and what may not (`data`). TERRACE_HOME moves both."""

    cache: Path
    data: Path

    @staticmethod
    def of(repository: Path) -> Home:
        """The folders of one repository, told apart by its path."""
        slug = f"{repository.name}-{hashlib.sha256(os.fsencode(repository)).hexdigest()[:10]}"
        base = os.environ.get("TERRACE_HOME")
        if base:
            return Home(Path(base) / "cache" / slug, Path(base) / "data" / slug)
        return Home(
            Path(platformdirs.user_cache_dir("terrace")) / slug,
            Path(platformdirs.user_data_dir("terrace")) / slug,
        )

    @staticmethod
    def tools() -> Path:
        """Tools that Terrace installed for this user, whatever the repository."""
        base = os.environ.get("TERRACE_HOME")
        return Path(base) / "tools" if base else Path(platformdirs.user_data_dir("terrace")) / "tools"

    @property
    def states(self) -> Path:
        """State of stacks without a remote backend. Losing it is losing track of what is deployed."""
        return self.data / "states"

    @property
    def artefacts(self) -> Path:
        """Encrypted state backups, unless terrace.yaml names another place."""
        return self.data / "artefacts"

    @property
    def runs(self) -> Path:
        """One folder for every apply that was started here."""
        return self.data / "runs"

    @property
    def leases(self) -> Path:
        return self.data / "leases"
