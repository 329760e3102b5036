"""Everything that Terrace knows about Azure."""

from __future__ import annotations

from terrace.clouds.azure import families, renamed, types
from terrace.clouds.azure.backends import AZURERM
from terrace.clouds.azure.defaults import DEFAULTS
from terrace.clouds.cloud import Cloud, WorkloadIdentity

_VARIABLES = (
    "ARM_SUBSCRIPTION_ID",
    "ARM_TENANT_ID",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_USE_OIDC",
    "ARM_OIDC_TOKEN_FILE_PATH",
    "ARM_USE_CLI",
    "ARM_USE_MSI",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_CLIENT_CERTIFICATE_PASSWORD",
    "ARM_ENVIRONMENT",
    "ARM_ACCESS_KEY",
    "ARM_SAS_TOKEN",
    "AZURE_CONFIG_DIR",
)

AZURE = Cloud(
    name="azure",
    title="Azure",
    providers=("azurerm", "azapi", "azuread"),
    stateful_types=types.STATEFUL,
    security_types=types.SECURITY,
    rights_types=types.RIGHTS,
    covered_types=("azurerm_", "azapi_"),
    defaults=DEFAULTS,
    renamed_types=renamed.TYPES,
    renamed_arguments=renamed.ARGUMENTS,
    families={"checkov": families.CHECKOV, "trivy": families.TRIVY},
    backends={"azurerm": AZURERM},
    account="Azure subscription",
    account_arguments={"azurerm": ("subscription_id",)},
    credential_hints=tuple(
        (sign, "ARM_USE_OIDC")
        for sign in (
            "Unable to authenticate",
            "unable to build authorizer",
            "Error building ARM Config",
            "could not configure AzureCli",
        )
    ),
    variables=dict.fromkeys(("azurerm", "azapi", "azuread"), _VARIABLES),
    workload_identity=WorkloadIdentity(
        reads=(
            "ARM_CLIENT_ID",
            "ARM_TENANT_ID",
            "ARM_SUBSCRIPTION_ID",
            "ARM_USE_OIDC",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        ),
        variable="TERRACE_AZURE_CLIENT_ID",
        once=(
            'gh variable set TERRACE_AZURE_TENANT_ID --body "$ARM_TENANT_ID"',
            'gh variable set TERRACE_AZURE_SUBSCRIPTION_ID --body "$ARM_SUBSCRIPTION_ID"',
        ),
    ),
)
