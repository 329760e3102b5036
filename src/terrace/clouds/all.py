"""The clouds that Terrace knows, by name. A new one is added here."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.clouds.aws.cloud import AWS
from terrace.clouds.azure.cloud import AZURE
from terrace.clouds.cloud import Clouds
from terrace.clouds.gcp.cloud import GCP
from terrace.clouds.others.cloud import OTHERS
from terrace.clouds.state_location import Backend

CLOUDS: Clouds = {cloud.name: cloud for cloud in (AWS, AZURE, GCP, OTHERS)}

BACKENDS: Mapping[str, Backend] = {
    name: backend for cloud in CLOUDS.values() for name, backend in cloud.backends.items()
}
"""The types of backends of all clouds by name; `local` is not one of a cloud."""

WITH_IDENTITY: tuple[str, ...] = tuple(name for name, cloud in CLOUDS.items() if cloud.workload_identity is not None)
"""Clouds that give runs of GitHub Actions a role without a stored secret, and whose trust policies Terrace writes."""
