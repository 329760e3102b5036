# Lets runs of this repository use Azure identities without stored secrets: GitHub signs the identity of a run, and
# Azure accepts it for exactly these environments. An administrator of the subscription applies this, and again after
# changes.
#
#   plan    ENV-plan    pull requests: read-only
#   watch   ENV-watch   read-only jobs of the protected branch: read, and write state backups
#   apply   ENV         applies
#
# Written by `terrace init github`. Your changes are kept.

terraform {
  required_version = ">= 1.6"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.0"
    }
  }
}

provider "azurerm" {
  features {}
}

variable "owner" {
  type        = string
  description = "The owner of the repository on GitHub."
  <<owner>>
}

variable "owner_id" {
  type        = string
  description = "Its number: gh api repos/OWNER/REPO --jq .owner.id"
}

variable "repository" {
  type        = string
  description = "The name of the repository."
  <<repository>>
}

variable "repository_id" {
  type        = string
  description = "Its number: gh api repos/OWNER/REPO --jq .id"
}

variable "resource_group_name" {
  type        = string
  description = "The resource group that the identities live in."
}

variable "location" {
  type        = string
  description = "The region that the identities live in."
}

variable "scope" {
  type        = string
  description = "What the roles are for: the id of a subscription or of a resource group."
}

variable "reading" {
  type        = string
  description = "The role of the identities that look."
  default     = "Reader"
}

variable "applying" {
  type        = string
  description = "The role of the identities that apply: no more than your stacks need."
}

variable "backups" {
  type        = string
  description = "The id of the storage container that copies of states go to; empty where they go elsewhere."
  default     = ""
}

locals {
  kinds = {
    <<roles>>
  }

  # The subject of repositories that were created, renamed or moved since July 2026 contains their ids.
  credentials = merge([
    for home, kind in local.kinds : {
      "${home}-by-name" = {
        home    = home
        subject = "repo:${var.owner}/${var.repository}:environment:${home}"
      }
      "${home}-by-number" = {
        home    = home
        subject = "repo:${var.owner}@${var.owner_id}/${var.repository}@${var.repository_id}:environment:${home}"
      }
    }
  ]...)
}

resource "azurerm_user_assigned_identity" "terrace" {
  for_each = local.kinds

  name                = "terrace-${var.repository}-${each.key}"
  location            = var.location
  resource_group_name = var.resource_group_name
}

resource "azurerm_federated_identity_credential" "terrace" {
  for_each = local.credentials

  name                = each.key
  resource_group_name = var.resource_group_name
  parent_id           = azurerm_user_assigned_identity.terrace[each.value.home].id
  issuer              = "https://token.actions.githubusercontent.com"
  audience            = ["api://AzureADTokenExchange"]
  subject             = each.value.subject
}

resource "azurerm_role_assignment" "terrace" {
  for_each = local.kinds

  scope                = var.scope
  role_definition_name = each.value == "apply" ? var.applying : var.reading
  principal_id         = azurerm_user_assigned_identity.terrace[each.key].principal_id
}

resource "azurerm_role_assignment" "backups" {
  for_each = { for home, kind in local.kinds : home => kind if kind != "plan" && var.backups != "" }

  scope                = var.backups
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.terrace[each.key].principal_id
}

output "roles" {
  description = "The client id of each environment on GitHub, for its variable TERRACE_AZURE_CLIENT_ID."
  value       = { for home, identity in azurerm_user_assigned_identity.terrace : home => identity.client_id }
}
