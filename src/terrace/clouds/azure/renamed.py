"""Types and arguments that newer providers of Azure call differently, or no longer have.

Data from the upgrade guides and schemas of the providers.
"""

from __future__ import annotations

from terrace.clouds.cloud import Replacement, Where, rename_arguments

TYPES: dict[tuple[Where, str], Replacement] = {
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

ARGUMENTS: dict[tuple[Where, str], dict[str, Replacement]] = {
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
    ("resource", "azurerm_network_interface"): rename_arguments(
        {
            "enable_accelerated_networking": "accelerated_networking_enabled",
            "enable_ip_forwarding": "ip_forwarding_enabled",
        },
        "azurerm 4",
    ),
    ("resource", "azurerm_cosmosdb_account"): rename_arguments(
        {
            "enable_multiple_write_locations": "multiple_write_locations_enabled",
            "enable_free_tier": "free_tier_enabled",
            "enable_automatic_failover": "automatic_failover_enabled",
        },
        "azurerm 4",
    ),
    ("resource", "azurerm_container_registry"): rename_arguments(
        {"retention_policy": "retention_policy_in_days", "trust_policy": "trust_policy_enabled"}, "azurerm 4"
    ),
    ("resource", "azurerm_kubernetes_cluster"): {
        **rename_arguments(
            {
                "api_server_authorized_ip_ranges": "`api_server_access_profile { authorized_ip_ranges }`",
                "automatic_channel_upgrade": "automatic_upgrade_channel",
                "node_os_channel_upgrade": "node_os_upgrade_channel",
                "enable_pod_security_policy": "remove it: the cluster has no such thing",
            },
            "azurerm 4",
        ),
        **rename_arguments(_POOL, "azurerm 4", "default_node_pool."),
    },
    ("resource", "azurerm_kubernetes_cluster_node_pool"): rename_arguments(_POOL, "azurerm 4"),
    ("resource", "azurerm_monitor_diagnostic_setting"): {"log": ("`enabled_log`", "azurerm 4")},
    ("resource", "azurerm_servicebus_queue"): rename_arguments(_MESSAGES, "azurerm 4"),
    ("resource", "azurerm_servicebus_topic"): rename_arguments(_MESSAGES, "azurerm 4"),
    ("resource", "azurerm_servicebus_subscription"): rename_arguments(
        {"enable_batched_operations": "batched_operations_enabled"}, "azurerm 4"
    ),
}
