# Versions, and the place of the state. Without a backend block, Terrace keeps the state on the machine that
# deploys, in its data folder. A team needs a remote backend before its second person deploys:
#
#   backend "s3" {
#     bucket       = "my-states"
#     key          = "staging/terraform.tfstate"
#     region       = "eu-central-1"
#     use_lockfile = true
#   }
#
#   backend "azurerm" {
#     resource_group_name  = "states"
#     storage_account_name = "mystates"
#     container_name       = "states"
#     key                  = "staging.tfstate"
#     use_azuread_auth     = true
#   }

terraform {
  required_version = ">= 1.6"
}
