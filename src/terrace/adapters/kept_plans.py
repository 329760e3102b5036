"""Keeps the plans of deployments among the artifacts, encrypted, for `KEPT_DAYS` days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher
from terrace.errors import Corrupt
from terrace.plans.handover import Handed, decode, encode
from terrace.plans.kept_plans import KEPT_DAYS, PlanName
from terrace.plans.model import Plan

_ENDING = ".plan.enc"
_TIME = "%Y%m%dT%H%M%SZ"


class PlanArchive:
    """Kept plans in a store of artifacts."""

    def __init__(self, artifacts: Artifacts, cipher: BackupCipher, clock: Callable[[], datetime]) -> None:
        self._artifacts = artifacts
        self._cipher = cipher
        self._clock = clock

    def keep(self, name: PlanName, plan: Plan) -> None:
        """Stores a plan, and removes those that are too old."""
        now = self._clock().astimezone(UTC)
        content = self._cipher.seal(_header(name), encode(Handed(plan.commit, (plan,))))
        self._artifacts.put(f"{_folder(name)}/{now.strftime(_TIME)}{_suffix(name)}", content)
        oldest = (now - timedelta(days=KEPT_DAYS)).strftime(_TIME)
        for known in self._artifacts.names(_folder(name)):
            if known.endswith(_ENDING) and known.rpartition("/")[2] < oldest:
                self._artifacts.remove(known)

    def find(self, name: PlanName) -> Plan | None:
        """Returns a plan; None where it is not kept."""
        names = [stored for stored in self._artifacts.names(_folder(name)) if stored.endswith(_suffix(name))]
        if not names:
            return None
        header, content = self._cipher.open(names[-1], self._artifacts.get(names[-1]))
        if any(header.get(key) != value for key, value in _header(name).items()):
            raise Corrupt(f"the kept plan {names[-1]} was replaced by another one")
        return next(iter(decode(content).plans), None)


def _folder(name: PlanName) -> str:
    return f"plans/{name.environment}"


def _suffix(name: PlanName) -> str:
    return f"-{name.deployment}-{name.attempt}{_ENDING}"


def _header(name: PlanName) -> dict[str, str]:
    return {"kind": "plan", "environment": name.environment, "deployment": name.deployment, "attempt": name.attempt}
