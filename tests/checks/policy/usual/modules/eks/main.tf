variable "cluster_name" {
  type = string
}

variable "role_arn" {
  type = string
}

variable "subnet_ids" {
  type    = list(string)
  default = []
}

variable "cluster_endpoint_public_access" {
  type    = bool
  default = false
}

variable "cluster_enabled_log_types" {
  type    = list(string)
  default = ["audit", "api", "authenticator"]
}

variable "create_kms_key" {
  type    = bool
  default = true
}

variable "cluster_encryption_config" {
  type    = any
  default = { resources = ["secrets"] }
}

variable "node_groups" {
  type    = any
  default = {}
}

locals {
  enable_cluster_encryption_config = length(var.cluster_encryption_config) > 0
}

module "kms" {
  source = "../kms"

  create      = var.create_kms_key && local.enable_cluster_encryption_config
  description = "Secrets of ${var.cluster_name}"
}

resource "aws_eks_cluster" "this" {
  name                      = var.cluster_name
  role_arn                  = var.role_arn
  enabled_cluster_log_types = var.cluster_enabled_log_types

  vpc_config {
    subnet_ids             = var.subnet_ids
    endpoint_public_access = var.cluster_endpoint_public_access
  }

  dynamic "encryption_config" {
    for_each = local.enable_cluster_encryption_config ? [var.cluster_encryption_config] : []

    content {
      provider {
        key_arn = var.create_kms_key ? module.kms.key_arn : encryption_config.value.provider_key_arn
      }
      resources = encryption_config.value.resources
    }
  }
}

resource "aws_eks_addon" "this" {
  for_each = toset(["coredns", "kube-proxy"])

  cluster_name = aws_eks_cluster.this.id
  addon_name   = each.key
}

resource "aws_launch_template" "node" {
  for_each = var.node_groups

  name_prefix = "${each.key}-"

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = try(each.value.http_tokens, "required")
    http_put_response_hop_limit = 2
  }

  dynamic "block_device_mappings" {
    for_each = try(each.value.block_device_mappings, {})

    content {
      device_name = block_device_mappings.value.device_name

      ebs {
        encrypted   = try(block_device_mappings.value.encrypted, true)
        volume_size = 50
      }
    }
  }
}

resource "aws_eks_node_group" "this" {
  for_each = var.node_groups

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = each.value.role_arn
  subnet_ids      = var.subnet_ids

  scaling_config {
    min_size     = 1
    max_size     = 3
    desired_size = 1
  }

  dynamic "launch_template" {
    for_each = [each.key]

    content {
      id      = aws_launch_template.node[launch_template.value].id
      version = aws_launch_template.node[launch_template.value].latest_version
    }
  }
}

output "cluster_id" {
  value = aws_eks_cluster.this.id
}
