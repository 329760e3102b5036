"""Secrets that a plan shows in clear text."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from support.plans import change, plan_of
from support.planted import secrets
from terrace.checks.secrets.plan import find_exposed
from terrace.plans.model import MASKED, UNKNOWN, Action, OutputChange

PASSWORD = secrets(3)["password"][2].split('"')[1]
SCRIPT = f"#!/bin/sh\nexport DB_PASSWORD={PASSWORD}\n"
CONTAINERS = json.dumps([{"name": "app", "environment": [{"name": "DB_PASSWORD", "value": PASSWORD}]}])


def places(after: Any) -> list[str]:
    plan = plan_of([change("x.y", Action.CREATE, None, after)])
    found = find_exposed({"dev": plan})
    assert PASSWORD not in repr(found)
    return [finding.message.rpartition(" in ")[2] for finding in found]


@pytest.mark.parametrize(
    ("after", "place"),
    [
        ({"app_settings": {"DB_PASSWORD": PASSWORD}}, "app_settings.DB_PASSWORD"),
        ({"user_data": SCRIPT}, "user_data"),
        ({"custom_data": base64.b64encode(SCRIPT.encode()).decode()}, "custom_data (base64)"),
        ({"container_definitions": CONTAINERS}, "container_definitions[0].environment[0].value"),
        ({"connection": f"Server=a;User Id=b;Password={PASSWORD};"}, "connection"),
        ({"input": secrets(3)["github token"][2]}, "input"),
        ({"admin": [{"login_password": PASSWORD}]}, "admin[0].login_password"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_secret_is_reported_with_its_place(after: Any, place: str) -> None:
    assert places(after) == [place]


@pytest.mark.parametrize(
    "value",
    [
        *(MASKED, UNKNOWN, None, "", 7, "/prod/app1/password"),
        "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/a/1)",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
    ],
    ids=str,
)
def test_what_is_marked_unknown_or_a_reference_is_fine(value: Any) -> None:
    assert places({"password": value}) == []


def test_outputs_are_scanned_and_deletions_are_not() -> None:
    gone = change("x.y", Action.DELETE, {"password": PASSWORD}, None)
    output = OutputChange("db_password", Action.CREATE, None, PASSWORD)
    found = find_exposed({"dev": plan_of([gone], outputs=[output])})
    assert [finding.address for finding in found] == ["output.db_password"]
