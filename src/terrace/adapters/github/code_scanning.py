"""Findings for code scanning, as SARIF: taken whole or not at all, and said to be taken before anybody relies on it."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Callable
from typing import Any

from terrace.adapters.github.client import GitHub
from terrace.adapters.github.refusals import Refused
from terrace.errors import NotReady

LARGEST = 10 * 1024 * 1024
"""Bytes of a compressed report that GitHub takes."""

LOOKS = 20
"""How often it is asked whether a report was taken in; a few seconds apart, less than a minute together."""


class CodeScanning:
    """The code scanning of one repository."""

    def __init__(self, github: GitHub, sleep: Callable[[float], None] = time.sleep) -> None:
        self._github = github
        self._sleep = sleep

    def take(self, sarif: bytes, commit: str, ref: str) -> str | None:
        """Hand over what was found at a commit of a ref (`refs/...`); None once GitHub has it, else why it has not.

        The same report again replaces itself. Where code scanning is off, or the token may not, that is an answer and
        no error: the comment and the check have the findings all the same.
        """
        packed = gzip.compress(sarif, mtime=0)
        if len(packed) > LARGEST:
            return f"code scanning takes reports of up to {LARGEST >> 20} MB"
        asked = {"commit_sha": commit, "ref": ref, "sarif": base64.b64encode(packed).decode("ascii")}
        try:
            # One that was taken unseen is replaced by the same: handing it over twice does nothing twice.
            made: Any = self._github.once("POST", "code-scanning/sarifs", asked, lambda: None)
        except (Refused, NotReady) as error:
            return f"code scanning does not take it: {error.message}"
        return self._taken(str(made["id"]))

    def _taken(self, id_: str) -> str | None:
        for look in range(LOOKS):
            told = self._github.find(f"code-scanning/sarifs/{id_}") or {}
            if told.get("processing_status") == "complete":
                return None
            if told.get("processing_status") == "failed":
                return f"code scanning refused it: {'; '.join(map(str, told.get('errors') or ['no reason']))[:500]}"
            self._sleep(1 + look / 5)
        return "code scanning has not said yet whether it took it"
