"""What newer providers call otherwise, or have no more: data, after their own upgrade guides and schemas."""

from __future__ import annotations

from typing import Literal

Where = Literal["resource", "data", "provider"]

TYPES: dict[tuple[Where, str], tuple[str, str]] = {
    ("data", "template_file"): ("the function `templatefile`", "Terraform 0.12"),
    ("data", "template_dir"): ("the function `templatefile` with `fileset`", "Terraform 0.12"),
    ("data", "template_cloudinit_config"): (
        "`cloudinit_config` of hashicorp/cloudinit",
        "Terraform 0.12",
    ),
    ("data", "null_data_source"): ("a local value", "Terraform 0.12"),
    ("data", "aws_s3_bucket_object"): ("`aws_s3_object`", "aws 4"),
    ("data", "aws_s3_bucket_objects"): ("`aws_s3_objects`", "aws 4"),
    ("data", "aws_subnet_ids"): ("`aws_subnets`", "aws 4"),
    ("resource", "aws_s3_bucket_object"): ("`aws_s3_object`", "aws 4"),
    ("resource", "aws_launch_configuration"): ("`aws_launch_template`", "AWS itself"),
    ("resource", "aws_elasticsearch_domain"): ("`aws_opensearch_domain`", "aws 4"),
    ("resource", "azurerm_app_service"): ("`azurerm_linux_web_app` or `azurerm_windows_web_app`", "azurerm 3"),
    ("resource", "azurerm_app_service_plan"): ("`azurerm_service_plan`", "azurerm 3"),
    ("resource", "azurerm_app_service_slot"): ("`azurerm_linux_web_app_slot` or that of Windows", "azurerm 3"),
    ("resource", "azurerm_function_app"): (
        "`azurerm_linux_function_app` or `azurerm_windows_function_app`",
        "azurerm 3",
    ),
    ("resource", "azurerm_dashboard"): ("`azurerm_portal_dashboard`", "azurerm 4"),
    ("resource", "azurerm_mysql_server"): ("`azurerm_mysql_flexible_server`", "azurerm 4"),
    ("resource", "azurerm_mysql_database"): ("`azurerm_mysql_flexible_database`", "azurerm 4"),
    ("resource", "azurerm_mysql_firewall_rule"): ("`azurerm_mysql_flexible_server_firewall_rule`", "azurerm 4"),
    ("resource", "azurerm_mariadb_server"): ("`azurerm_mysql_flexible_server`", "azurerm 4"),
    ("resource", "azurerm_sql_server"): ("`azurerm_mssql_server`", "azurerm 4"),
    ("resource", "azurerm_sql_database"): ("`azurerm_mssql_database`", "azurerm 4"),
    ("resource", "azurerm_sql_firewall_rule"): ("`azurerm_mssql_firewall_rule`", "azurerm 4"),
    ("resource", "azurerm_sql_virtual_network_rule"): ("`azurerm_mssql_virtual_network_rule`", "azurerm 4"),
    ("resource", "azurerm_sql_managed_instance"): ("`azurerm_mssql_managed_instance`", "azurerm 4"),
    ("resource", "azurerm_template_deployment"): ("`azurerm_resource_group_template_deployment`", "azurerm 4"),
    ("data", "azurerm_sql_server"): ("`azurerm_mssql_server`", "azurerm 4"),
    ("data", "azurerm_sql_database"): ("`azurerm_mssql_database`", "azurerm 4"),
}
"""By where and type: what to use instead, and since when."""

_BUCKET = {
    "acl": "a resource `aws_s3_bucket_acl`",
    "acceleration_status": "a resource `aws_s3_bucket_accelerate_configuration`",
    "policy": "a resource `aws_s3_bucket_policy`",
    "request_payer": "a resource `aws_s3_bucket_request_payment_configuration`",
    "cors_rule": "a resource `aws_s3_bucket_cors_configuration`",
    "grant": "a resource `aws_s3_bucket_acl`",
    "lifecycle_rule": "a resource `aws_s3_bucket_lifecycle_configuration`",
    "logging": "a resource `aws_s3_bucket_logging`",
    "object_lock_configuration": "a resource `aws_s3_bucket_object_lock_configuration`",
    "replication_configuration": "a resource `aws_s3_bucket_replication_configuration`",
    "server_side_encryption_configuration": "a resource `aws_s3_bucket_server_side_encryption_configuration`",
    "versioning": "a resource `aws_s3_bucket_versioning`",
    "website": "a resource `aws_s3_bucket_website_configuration`",
}
_POOL = {
    "enable_auto_scaling": "auto_scaling_enabled",
    "enable_node_public_ip": "node_public_ip_enabled",
    "enable_host_encryption": "host_encryption_enabled",
}
_MESSAGES = {
    "enable_batched_operations": "batched_operations_enabled",
    "enable_express": "express_enabled",
    "enable_partitioning": "partitioning_enabled",
}


def _now(names: dict[str, str], since: str, prefix: str = "") -> dict[str, tuple[str, str]]:
    return {f"{prefix}{old}": (new if " " in new else f"`{new}`", since) for old, new in names.items()}


ARGUMENTS: dict[tuple[Where, str], dict[str, tuple[str, str]]] = {
    ("resource", "aws_s3_bucket"): _now(_BUCKET, "aws 4"),
    ("resource", "aws_eip"): {"vpc": ('`domain = "vpc"`', "aws 5")},
    ("resource", "aws_instance"): {
        "cpu_core_count": ("`cpu_options { core_count }`", "aws 5"),
        "cpu_threads_per_core": ("`cpu_options { threads_per_core }`", "aws 5"),
    },
    ("resource", "aws_iam_role"): {
        "managed_policy_arns": ("a resource `aws_iam_role_policy_attachment` for each", "aws 5"),
        "inline_policy": ("a resource `aws_iam_role_policy` for each", "aws 5"),
    },
    ("resource", "aws_cloudwatch_event_rule"): {"is_enabled": ("`state`", "aws 5")},
    ("resource", "aws_api_gateway_deployment"): {"stage_name": ("a resource `aws_api_gateway_stage`", "aws 5")},
    ("provider", "azurerm"): {
        "skip_provider_registration": ('`resource_provider_registrations = "none"`', "azurerm 4")
    },
    ("resource", "azurerm_storage_account"): {
        "allow_blob_public_access": ("`allow_nested_items_to_be_public`", "azurerm 3"),
        "enable_https_traffic_only": ("`https_traffic_only_enabled`", "azurerm 4"),
    },
    ("resource", "azurerm_key_vault"): {"soft_delete_enabled": ("remove it: it is always on", "azurerm 3")},
    ("resource", "azurerm_subnet"): {
        "address_prefix": ("`address_prefixes`", "azurerm 3"),
        "private_endpoint_network_policies_enabled": ("`private_endpoint_network_policies`", "azurerm 4"),
        "enforce_private_link_endpoint_network_policies": ("`private_endpoint_network_policies`", "azurerm 4"),
        "enforce_private_link_service_network_policies": (
            "`private_link_service_network_policies_enabled`",
            "azurerm 4",
        ),
    },
    ("resource", "azurerm_route_table"): {
        "disable_bgp_route_propagation": ("`bgp_route_propagation_enabled`, the other way round", "azurerm 4")
    },
    ("resource", "azurerm_network_interface"): _now(
        {
            "enable_accelerated_networking": "accelerated_networking_enabled",
            "enable_ip_forwarding": "ip_forwarding_enabled",
        },
        "azurerm 4",
    ),
    ("resource", "azurerm_cosmosdb_account"): _now(
        {
            "enable_multiple_write_locations": "multiple_write_locations_enabled",
            "enable_free_tier": "free_tier_enabled",
            "enable_automatic_failover": "automatic_failover_enabled",
        },
        "azurerm 4",
    ),
    ("resource", "azurerm_container_registry"): _now(
        {"retention_policy": "retention_policy_in_days", "trust_policy": "trust_policy_enabled"}, "azurerm 4"
    ),
    ("resource", "azurerm_kubernetes_cluster"): {
        **_now(
            {
                "api_server_authorized_ip_ranges": "`api_server_access_profile { authorized_ip_ranges }`",
                "automatic_channel_upgrade": "automatic_upgrade_channel",
                "node_os_channel_upgrade": "node_os_upgrade_channel",
                "enable_pod_security_policy": "remove it: the cluster has no such thing",
            },
            "azurerm 4",
        ),
        **_now(_POOL, "azurerm 4", "default_node_pool."),
    },
    ("resource", "azurerm_kubernetes_cluster_node_pool"): _now(_POOL, "azurerm 4"),
    ("resource", "azurerm_monitor_diagnostic_setting"): {"log": ("`enabled_log`", "azurerm 4")},
    ("resource", "azurerm_servicebus_queue"): _now(_MESSAGES, "azurerm 4"),
    ("resource", "azurerm_servicebus_topic"): _now(_MESSAGES, "azurerm 4"),
    ("resource", "azurerm_servicebus_subscription"): _now(
        {"enable_batched_operations": "batched_operations_enabled"}, "azurerm 4"
    ),
}
"""Arguments and blocks by where and type, those inside of a block with its name before: what instead, since when."""
