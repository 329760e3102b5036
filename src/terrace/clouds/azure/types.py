"""Resource types of Azure that hold data, or decide about access and security."""

from __future__ import annotations

STATEFUL = (
    "azurerm_*_virtual_machine",
    "azurerm_app_configuration*",
    "azurerm_container_registry",
    "azurerm_cosmosdb_*",
    "azurerm_data_lake_*",
    "azurerm_data_protection_backup_vault",
    "azurerm_dns_zone",
    "azurerm_eventhub*",
    "azurerm_iothub",
    "azurerm_key_vault*",
    "azurerm_kubernetes_cluster",
    "azurerm_kusto_*",
    "azurerm_log_analytics_workspace",
    "azurerm_managed_disk",
    "azurerm_mariadb_*",
    "azurerm_mssql_database",
    "azurerm_mssql_managed_*",
    "azurerm_mssql_server",
    "azurerm_mysql_*",
    "azurerm_netapp_*",
    "azurerm_postgresql_*",
    "azurerm_private_dns_zone",
    "azurerm_public_ip",
    "azurerm_recovery_services_vault",
    "azurerm_redis_cache",
    "azurerm_resource_group",
    "azurerm_search_service",
    "azurerm_servicebus_*",
    "azurerm_snapshot",
    "azurerm_storage_*",
    "azurerm_synapse_*",
    "azurerm_virtual_machine",
)
"""Types that hold data, keys, secrets or addresses that no plan restores."""

SECURITY = (
    "azuread_*",
    "azurerm_*_policy*",
    "azurerm_federated_identity_credential",
    "azurerm_firewall*",
    "azurerm_key_vault*",
    "azurerm_management_lock",
    "azurerm_monitor_diagnostic_setting",
    "azurerm_network_security_*",
    "azurerm_role_*",
    "azurerm_security_center_*",
    "azurerm_storage_account_network_rules",
    "azurerm_user_assigned_identity",
)
"""Types whose attributes are all about security, except harmless ones."""

RIGHTS = (
    "azuread_*",
    "azurerm_federated_identity_credential",
    "azurerm_role_*",
    "azurerm_user_assigned_identity",
)
"""Types that grant rights."""
