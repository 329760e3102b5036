"""The backend of Azure. Comments name files below internal/backend/remote-state in Terraform's source code."""

from __future__ import annotations

from terrace.clouds.state_location import Backend, Part, fold_case, object_path, workspace_as_suffix

AZURERM = Backend(
    (
        Part("storage_account_name", normal=fold_case),
        Part("container_name", normal=fold_case),
        Part("key", normal=object_path),
    ),
    # Account names are unique within one cloud. azure/backend.go: ARM_ENVIRONMENT, else `public`.
    (Part("environment", normal=fold_case),),
    # azure/backend_state.go, path
    workspace_as_suffix("key", "env:"),
)
