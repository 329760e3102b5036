"""Resource types of Google Cloud that hold data, or decide about access and security."""

from __future__ import annotations

STATEFUL = (
    "google_alloydb_*",
    "google_artifact_registry_repository",
    "google_bigquery_dataset",
    "google_bigquery_table",
    "google_bigtable_*",
    "google_compute_*address",
    "google_compute_disk",
    "google_compute_instance",
    "google_compute_snapshot",
    "google_container_cluster",
    "google_dns_managed_zone",
    "google_filestore_instance",
    "google_firestore_database",
    "google_healthcare_*",
    "google_kms_*",
    "google_project",
    "google_pubsub_*",
    "google_redis_instance",
    "google_secret_manager_*",
    "google_spanner_*",
    "google_sql_*",
    "google_storage_bucket*",
)
"""Types that hold data, keys, secrets or addresses that no plan restores."""

SECURITY = (
    "google_*_iam_*",
    "google_access_context_manager_*",
    "google_compute_firewall*",
    "google_compute_security_policy*",
    "google_kms_*",
    "google_logging_*",
    "google_org*_policy*",
    "google_secret_manager_*",
    "google_service_account*",
)
"""Types whose attributes are all about security, except harmless ones."""

RIGHTS = (
    "google_*_iam_*",
    "google_service_account*",
)
"""Types that grant rights."""
