"""Logs of changes, shaped by the record formats that AWS and Azure document."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
"""The account that the embedded AWS is."""


def trail_event(at: datetime, name: str, source: str = "iam.amazonaws.com", **more: Any) -> dict[str, Any]:
    """A record of CloudTrail, as a person with a role makes one in the console."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:ann@example.com",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann@example.com",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "userName": "Admin"},
                "attributes": {"creationDate": "2026-11-25T01:00:00Z", "mfaAuthenticated": "true"},
            },
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "AWS-Console",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "r-1",
        "eventID": f"e-{name}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **more,
    }


def activity(at: datetime, operation: str, resource: str, **more: Any) -> dict[str, Any]:
    """A record of the activity log as `az monitor activity-log list` prints it."""
    return {
        "authorization": {"action": operation, "scope": resource},
        "caller": "ann@example.com",
        "category": {"localizedValue": "Administrative", "value": "Administrative"},
        "claims": {"name": "Ann", "appid": "c44b4083"},
        "correlationId": "c-1",
        "eventDataId": "d-1",
        "eventTimestamp": f"{at:%Y-%m-%dT%H:%M:%S}.1234567Z",
        "httpRequest": {"clientIpAddress": "203.0.113.9", "clientRequestId": "q-1", "method": "PUT"},
        "level": "Informational",
        "operationName": {"localizedValue": "Update", "value": operation},
        "resourceId": resource,
        "status": {"localizedValue": "Succeeded", "value": "Succeeded"},
        "subStatus": {"localizedValue": "", "value": ""},
        **more,
    }


def exported_activity(at: datetime, operation: str, resource: str, **more: Any) -> dict[str, Any]:
    """A record of the activity log as Azure exports it to a storage account."""
    return {
        "RoleLocation": "West Europe",
        "time": f"{at:%Y-%m-%dT%H:%M:%S}.1234567Z",
        "resourceId": resource.upper(),
        "operationName": operation.upper(),
        "category": "Administrative",
        "resultType": "Success",
        "resultSignature": "Succeeded.",
        "durationMs": "0",
        "callerIpAddress": "203.0.113.9",
        "correlationId": "c-1",
        "identity": {
            "authorization": {"scope": resource, "action": operation},
            "claims": {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "ann@example.com", "ver": "1.0"},
        },
        "level": "Information",
        "properties": {"statusCode": "OK"},
        **more,
    }


def trail_name(at: datetime, region: str = "us-east-1", prefix: str = "AWSLogs") -> str:
    """Where CloudTrail puts a file in its bucket."""
    day, minute = f"{at:%Y/%m/%d}", f"{at:%Y%m%dT%H%MZ}"
    return f"{prefix}/{ACCOUNT}/CloudTrail/{region}/{day}/{ACCOUNT}_CloudTrail_{region}_{minute}_aB3dEf.json.gz"


def trail_file(*events: dict[str, Any]) -> bytes:
    """A file as CloudTrail delivers it."""
    return gzip.compress(json.dumps({"Records": events}).encode())


def put(folder: Path, name: str, content: bytes) -> Path:
    """Write a file with the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
