package terrace.azure.aks_logging_test

import rego.v1

import data.terrace.azure.aks_logging
import data.terrace.testing

test_fires if {
	testing.fails(aks_logging.warn) with input as testing.one("azurerm_kubernetes_cluster", {"oms_agent": []})
}

test_silent if {
	testing.silent(aks_logging.warn) with input as testing.one("azurerm_kubernetes_cluster", {"oms_agent": [{"log_analytics_workspace_id": "x"}]})
}

test_unknown if {
	testing.unknown(aks_logging.warn) with input as testing.one("azurerm_kubernetes_cluster", {"oms_agent": testing.later})
}
