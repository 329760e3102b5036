"""Everything that Terrace knows about Google Cloud."""

from __future__ import annotations

from terrace.clouds.cloud import Cloud
from terrace.clouds.gcp import types
from terrace.clouds.gcp.backends import GCS

GCP = Cloud(
    name="gcp",
    title="Google Cloud",
    providers=("google", "google-beta"),
    stateful_types=types.STATEFUL,
    security_types=types.SECURITY,
    rights_types=types.RIGHTS,
    backends={"gcs": GCS},
    account="Google project",
    account_arguments={"google": ("project",), "google-beta": ("project",)},
    credential_hints=(("could not find default credentials", "GOOGLE_APPLICATION_CREDENTIALS"),),
    variables=dict.fromkeys(
        ("google", "google-beta"),
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_PROJECT",
            "GOOGLE_REGION",
            "GOOGLE_CREDENTIALS",
            "GOOGLE_OAUTH_ACCESS_TOKEN",
            "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
            "CLOUDSDK_CONFIG",
        ),
    ),
)
