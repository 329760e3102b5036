"""Resource types of Kubernetes and other providers that hold data, or decide about access and security."""

from __future__ import annotations

STATEFUL = (
    "github_repository",
    "kubernetes_*persistent_volume*",
    "kubernetes_namespace*",
    "kubernetes_secret*",
    "mongodbatlas_*cluster",
    "mysql_database",
    "postgresql_database",
    "random_password",
    "tls_private_key",
)
"""Types that hold data, keys, secrets or addresses that no plan restores."""

SECURITY = (
    "kubernetes_*role*",
    "kubernetes_network_policy*",
    "kubernetes_secret*",
    "kubernetes_service_account*",
)
"""Types whose attributes are all about security, except harmless ones."""

RIGHTS = (
    "kubernetes_*role*",
    "kubernetes_service_account*",
)
"""Types that grant rights."""
