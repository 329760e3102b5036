"""Code scanning: the fake takes a report, and says later what became of it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from forge.answers import Answer, missing


class Scanning:
    """Routes of the fake. `reports` are those that it has; `scanning` says how it is set: on, slow, failing, or off."""

    api: str
    owner: str
    name: str
    scanning: str
    reports: dict[str, dict[str, Any]]
    looks: int

    def _code_scanning_upload_sarif(self, _: Any, __: Any, body: Any) -> Answer:
        if self.scanning == "off":
            told = {"message": "Code scanning is not enabled for this repository."}
            return Answer(403, told)
        report = json.loads(gzip.decompress(base64.b64decode(body["sarif"])))
        assert len(report["runs"]) <= 20, "GitHub takes 20 runs in one report"
        id_ = f"47177e22-5596-11eb-80a1-c1e54ef9{len(self.reports):04d}"
        self.reports[id_] = {"commit": body["commit_sha"], "ref": body["ref"], "report": report}
        url = f"{self.api}/repos/{self.owner}/{self.name}/code-scanning/sarifs/{id_}"
        return Answer(202, {"id": id_, "url": url})

    def _code_scanning_get_sarif(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        if parts["sarif_id"] not in self.reports:
            return missing()
        self.looks += 1
        if self.scanning == "slow" or (self.scanning == "on" and self.looks < 2):
            return Answer(200, {"processing_status": "pending"})
        if self.scanning == "failing":
            return Answer(200, {"processing_status": "failed", "errors": ["too many results"]})
        return Answer(200, {"processing_status": "complete"})
