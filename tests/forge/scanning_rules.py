"""What GitHub refuses in a SARIF report, as its documentation says and its refusals are worded."""

from __future__ import annotations

from typing import Any

RUNS, RESULTS, RULES, LOCATIONS, TAGS = 20, 25_000, 25_000, 1_000, 20
COMPRESSED = 10_000_000


def faults(report: dict[str, Any], packed: int = 0) -> list[str]:
    """Why code scanning refuses a report; nothing where it takes it. `packed` is the size of the compressed report."""
    if packed > COMPRESSED:
        return [f"the compressed report has {packed} bytes, and {COMPRESSED} are allowed"]
    runs = report.get("runs")
    if report.get("version") != "2.1.0" or not isinstance(runs, list):
        return ["the report is no SARIF 2.1.0"]
    found = [f"{len(runs)} runs, and {RUNS} are allowed"] if len(runs) > RUNS else []
    keys = [(run["tool"]["driver"]["name"], run.get("automationDetails", {}).get("id")) for run in runs]
    if len(set(keys)) < len(keys):
        found.append("several runs have the same tool and category")
    for run in runs:
        found += _of_run(run)
    return list(dict.fromkeys(found))


def _of_run(run: dict[str, Any]) -> list[str]:
    found = []
    rules, results = run["tool"]["driver"].get("rules", []), run["results"]
    if not run["tool"]["driver"]["name"]:
        found.append("a tool has no name")
    if len(results) > RESULTS:
        found.append(f"{len(results)} results, and {RESULTS} are allowed")
    if len(rules) > RULES:
        found.append(f"{len(rules)} rules, and {RULES} are allowed")
    for rule in rules:
        found += _of_rule(rule)
    for result in results:
        found += _of_result(result, len(rules))
    return found


def _of_rule(rule: dict[str, Any]) -> list[str]:
    found = []
    if not rule.get("id") or len(rule["id"]) > 255:
        found.append("the id of a rule has no or more than 255 characters")
    if len(rule.get("shortDescription", {}).get("text", "")) > 1024:
        found.append("the short description of a rule has more than 1024 characters")
    if len(rule.get("properties", {}).get("tags", [])) > TAGS:
        found.append(f"a rule has more than {TAGS} tags")
    return found


def _of_result(result: dict[str, Any], rules: int) -> list[str]:
    found = []
    locations = result.get("locations", [])
    if not locations:
        found.append("locationFromSarifResult: expected at least one location")
    if len(locations) > LOCATIONS:
        found.append(f"a result has more than {LOCATIONS} locations")
    for location in locations[:1]:
        physical = location.get("physicalLocation")
        if physical is None:
            found.append("locationFromSarifResult: expected a physical location")
        elif not physical.get("artifactLocation", {}).get("uri"):
            found.append("locationFromSarifResult: expected artifact location")
        elif physical.get("region", {"startLine": 1})["startLine"] < 1:
            found.append("locationFromSarifResult: lines begin at 1")
    if not result.get("message", {}).get("text"):
        found.append("a result has no message")
    if not 0 <= result.get("ruleIndex", 0) < max(rules, 1):
        found.append("a result names a rule that is not there")
    return found
