"""Everything that Terrace knows about Kubernetes, other services, and providers that help the configuration."""

from __future__ import annotations

from terrace.clouds.cloud import Cloud
from terrace.clouds.others import renamed, types

OTHERS = Cloud(
    name="others",
    title="Kubernetes and other providers",
    stateful_types=types.STATEFUL,
    security_types=types.SECURITY,
    rights_types=types.RIGHTS,
    renamed_types=renamed.TYPES,
)
