"""Uploads findings to code scanning, as SARIF, and waits until GitHub reports the whole upload as processed."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Callable
from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.errors import NotReady

MAX_BYTES = 10 * 1024 * 1024
"""Maximum size of a compressed report, in bytes."""

MAX_STATUS_REQUESTS = 20
"""Maximum number of status requests for an upload, a few seconds apart, less than a minute in total."""


class CodeScanning:
    """The code scanning of one repository."""

    def __init__(self, github: GitHub, sleep: Callable[[float], None] = time.sleep) -> None:
        self._github = github
        self._sleep = sleep

    def upload(self, sarif: bytes, commit: str, ref: str) -> str | None:
        """Uploads the findings at a commit of a ref (`refs/...`); returns None once GitHub has processed them, else the
        reason.

        A second upload of the same report replaces the first. It is not an error that code scanning is off or that the
        token lacks the permission: the comment and the check run show the findings too.
        """
        packed = gzip.compress(sarif, mtime=0)
        if len(packed) > MAX_BYTES:
            return f"the report is larger than the {MAX_BYTES >> 20} MB that code scanning accepts"
        request = {"commit_sha": commit, "ref": ref, "sarif": base64.b64encode(packed).decode("ascii")}
        try:
            # A second upload replaces the first, so that an unknown outcome needs no search.
            created: Any = self._github.create_once("POST", "code-scanning/sarifs", request, lambda: None)
        except (Refused, NotReady) as error:
            return f"code scanning does not accept the report: {error.message}"
        return self._wait(str(created["id"]))

    def _wait(self, id_: str) -> str | None:
        for attempt in range(MAX_STATUS_REQUESTS):
            status = self._github.find(f"code-scanning/sarifs/{id_}") or {}
            if status.get("processing_status") == "complete":
                return None
            if status.get("processing_status") == "failed":
                reasons = "; ".join(map(str, status.get("errors") or ["no reason given"]))
                return f"code scanning rejected the report: {reasons[:500]}"
            self._sleep(1 + attempt / 5)
        return "code scanning has not finished processing the report"
