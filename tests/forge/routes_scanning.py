"""Code scanning: the fake takes a report, and says later what became of it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from forge.answers import Answer, missing
from forge.scanning_rules import faults


class Scanning:
    """Routes of the fake. `reports` are those that it was given, `refused` says what is
    wrong with each; `scanning` says how it is set: on, slow, failing, or off."""

    api: str
    owner: str
    name: str
    scanning: str
    reports: dict[str, dict[str, Any]]
    refused: dict[str, list[str]]
    looks: int

    def _code_scanning_upload_sarif(self, _: Any, __: Any, body: Any) -> Answer:
        if self.scanning == "off":
            told = {"message": "Code scanning is not enabled for this repository."}
            return Answer(403, told)
        packed = base64.b64decode(body["sarif"])
        report = json.loads(gzip.decompress(packed))
        id_ = f"47177e22-5596-11eb-80a1-c1e54ef9{len(self.reports):04d}"
        self.reports[id_] = {"commit": body["commit_sha"], "ref": body["ref"], "report": report}
        self.refused[id_] = faults(report, len(packed))
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
        if wrong := self.refused[parts["sarif_id"]]:
            return Answer(200, {"processing_status": "failed", "errors": wrong[:20]})
        return Answer(200, {"processing_status": "complete"})
