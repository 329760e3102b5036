"""Values that the provider of Azure assumes for attributes that a configuration does not set.

From the documentation of azurerm, not checked against plans. A default that differs between two versions is not listed.
"""

from __future__ import annotations

from terrace.clouds.cloud import Default

VERSIONS = "hashicorp/azurerm 3 and 4"

_APPS = tuple(
    f"azurerm_{system}_{kind}_app{slot}"
    for system in ("linux", "windows")
    for kind in ("web", "function")
    for slot in ("", "_slot")
)
_MACHINES = ("azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine")

DEFAULTS: tuple[Default, ...] = (
    Default(("azurerm_storage_account",), "allow_nested_items_to_be_public", True, VERSIONS),
    Default(("azurerm_storage_account",), "https_traffic_only_enabled", True, VERSIONS),
    Default(("azurerm_storage_account",), "min_tls_version", "TLS1_2", VERSIONS),
    Default(("azurerm_storage_account",), "public_network_access_enabled", True, VERSIONS),
    Default(("azurerm_storage_account",), "shared_access_key_enabled", True, VERSIONS),
    Default(("azurerm_storage_container",), "container_access_type", "private", VERSIONS),
    Default(("azurerm_key_vault",), "purge_protection_enabled", False, VERSIONS),
    Default(("azurerm_key_vault",), "public_network_access_enabled", True, VERSIONS),
    Default(("azurerm_mssql_server", "azurerm_cosmosdb_account"), "public_network_access_enabled", True, VERSIONS),
    Default(("azurerm_mssql_server",), "minimum_tls_version", "1.2", VERSIONS),
    Default(("azurerm_mssql_database",), "transparent_data_encryption_enabled", True, VERSIONS),
    Default(_APPS, "https_only", False, VERSIONS),
    Default(_APPS, "site_config.ftps_state", "Disabled", VERSIONS),
    Default(_APPS, "site_config.minimum_tls_version", "1.2", VERSIONS),
    Default(("azurerm_kubernetes_cluster",), "role_based_access_control_enabled", True, VERSIONS),
    Default(("azurerm_kubernetes_cluster",), "private_cluster_enabled", False, VERSIONS),
    Default(("azurerm_kubernetes_cluster",), "local_account_disabled", False, VERSIONS),
    Default(("azurerm_container_registry",), "admin_enabled", False, VERSIONS),
    Default(("azurerm_container_registry", "azurerm_managed_disk"), "public_network_access_enabled", True, VERSIONS),
    Default(_MACHINES, "encryption_at_host_enabled", False, VERSIONS),
    Default(("azurerm_linux_virtual_machine",), "disable_password_authentication", True, VERSIONS),
)
