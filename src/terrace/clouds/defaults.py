"""What providers assume for an attribute that a configuration leaves out and a plan shows as null.

Data. Those of AWS were seen in plans of the provider (5.100), those of Azure are what is known of azurerm and were not
checked against it. Where two versions differ an entry holds for neither, and rules say so. A block within a block is
written with dots and without numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

AWS = "hashicorp/aws 4 to 6"
AZURE = "hashicorp/azurerm 3 and 4"


@dataclass(frozen=True, slots=True)
class Default:
    """One attribute of some types, what it is when it is not set, and for which versions of the provider that holds."""

    types: tuple[str, ...]
    attribute: str
    value: Any
    versions: str


_APPS = tuple(
    f"azurerm_{system}_{kind}_app{slot}"
    for system in ("linux", "windows")
    for kind in ("web", "function")
    for slot in ("", "_slot")
)
_CLUSTERS = ("aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")
_SEARCH = ("aws_opensearch_domain", "aws_elasticsearch_domain")
_MACHINES = ("azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine")
_BLOCK = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")

DEFAULTS: tuple[Default, ...] = (
    Default(("aws_db_instance", *_CLUSTERS), "storage_encrypted", False, AWS),
    Default(("aws_db_instance", *_CLUSTERS), "deletion_protection", False, AWS),
    Default(("aws_db_instance", "aws_rds_cluster_instance"), "publicly_accessible", False, AWS),
    Default(("aws_mq_broker", "aws_dms_replication_instance"), "publicly_accessible", False, AWS),
    Default(("aws_redshiftserverless_workgroup",), "publicly_accessible", False, AWS),
    Default(("aws_db_instance",), "backup_retention_period", 0, AWS),
    Default(_CLUSTERS, "backup_retention_period", 1, AWS),
    Default(("aws_db_instance",), "multi_az", False, AWS),
    Default(("aws_sqs_queue",), "sqs_managed_sse_enabled", True, AWS),
    Default(("aws_instance", "aws_launch_template"), "metadata_options.http_tokens", "optional", AWS),
    Default(("aws_instance", "aws_launch_template"), "metadata_options.http_endpoint", "enabled", AWS),
    Default(("aws_ebs_volume", "aws_ebs_snapshot_copy"), "encrypted", False, AWS),
    Default(("aws_instance",), "root_block_device.encrypted", False, AWS),
    Default(("aws_instance",), "ebs_block_device.encrypted", False, AWS),
    Default(("aws_efs_file_system",), "encrypted", False, AWS),
    Default(("aws_elasticache_replication_group",), "at_rest_encryption_enabled", False, AWS),
    Default(("aws_elasticache_replication_group",), "transit_encryption_enabled", False, AWS),
    Default(("aws_dynamodb_table",), "point_in_time_recovery.enabled", False, AWS),
    Default(("aws_lb_listener", "aws_alb_listener"), "protocol", "HTTP", AWS),
    Default(("aws_lb_listener", "aws_alb_listener"), "ssl_policy", "ELBSecurityPolicy-2016-08", AWS),
    Default(_SEARCH, "domain_endpoint_options.enforce_https", False, AWS),
    Default(_SEARCH, "encrypt_at_rest.enabled", False, AWS),
    Default(_SEARCH, "node_to_node_encryption.enabled", False, AWS),
    Default(("aws_dynamodb_table",), "deletion_protection_enabled", False, AWS),
    Default(("aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key"), "deletion_window_in_days", 30, AWS),
    Default(("aws_kms_key",), "enable_key_rotation", False, AWS),
    Default(("aws_kms_key",), "key_usage", "ENCRYPT_DECRYPT", AWS),
    Default(("aws_kms_key",), "customer_master_key_spec", "SYMMETRIC_DEFAULT", AWS),
    Default(("aws_cloudtrail",), "is_multi_region_trail", False, AWS),
    Default(("aws_cloudtrail",), "enable_log_file_validation", False, AWS),
    Default(("aws_ecr_repository",), "image_tag_mutability", "MUTABLE", AWS),
    Default(("aws_ecr_repository",), "image_scanning_configuration.scan_on_push", False, AWS),
    Default(("aws_cloudwatch_log_group",), "retention_in_days", 0, AWS),
    Default(("aws_lb", "aws_alb"), "drop_invalid_header_fields", False, AWS),
    Default(("aws_lb", "aws_alb"), "load_balancer_type", "application", AWS),
    Default(("aws_kinesis_stream",), "encryption_type", "NONE", AWS),
    Default(("aws_eks_cluster",), "vpc_config.endpoint_public_access", True, AWS),
    Default(("aws_subnet",), "map_public_ip_on_launch", False, AWS),
    *(Default(("aws_s3_bucket_public_access_block",), attribute, False, AWS) for attribute in _BLOCK),
    Default(("azurerm_storage_account",), "allow_nested_items_to_be_public", True, AZURE),
    Default(("azurerm_storage_account",), "https_traffic_only_enabled", True, AZURE),
    Default(("azurerm_storage_account",), "min_tls_version", "TLS1_2", AZURE),
    Default(("azurerm_storage_account",), "public_network_access_enabled", True, AZURE),
    Default(("azurerm_storage_account",), "shared_access_key_enabled", True, AZURE),
    Default(("azurerm_storage_container",), "container_access_type", "private", AZURE),
    Default(("azurerm_key_vault",), "purge_protection_enabled", False, AZURE),
    Default(("azurerm_key_vault",), "public_network_access_enabled", True, AZURE),
    Default(("azurerm_mssql_server", "azurerm_cosmosdb_account"), "public_network_access_enabled", True, AZURE),
    Default(("azurerm_mssql_server",), "minimum_tls_version", "1.2", AZURE),
    Default(("azurerm_mssql_database",), "transparent_data_encryption_enabled", True, AZURE),
    Default(_APPS, "https_only", False, AZURE),
    Default(_APPS, "site_config.ftps_state", "Disabled", AZURE),
    Default(_APPS, "site_config.minimum_tls_version", "1.2", AZURE),
    Default(("azurerm_kubernetes_cluster",), "role_based_access_control_enabled", True, AZURE),
    Default(("azurerm_kubernetes_cluster",), "private_cluster_enabled", False, AZURE),
    Default(("azurerm_kubernetes_cluster",), "local_account_disabled", False, AZURE),
    Default(("azurerm_container_registry",), "admin_enabled", False, AZURE),
    Default(("azurerm_container_registry", "azurerm_managed_disk"), "public_network_access_enabled", True, AZURE),
    Default(_MACHINES, "encryption_at_host_enabled", False, AZURE),
    Default(("azurerm_linux_virtual_machine",), "disable_password_authentication", True, AZURE),
)


UNSET: Mapping[str, bool] = {"unset": True}
"""Stands in the view where the configuration sets nothing and the provider decides at apply."""


def _by_type(defaults: Iterable[Default]) -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in defaults:
        for type_ in one.types:
            found.setdefault(type_, {})[one.attribute] = one.value
    return found


_BY_TYPE = _by_type(DEFAULTS)


def defaults_of(type_: str, after: Any) -> dict[str, Any]:
    """What holds for an object though nothing says it; of attributes within blocks, what would hold there."""
    if not isinstance(after, dict):
        return {}
    known = _BY_TYPE.get(type_, {})
    return {attribute: value for attribute, value in known.items() if after.get(attribute) in (None, UNSET)}
