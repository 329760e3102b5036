variable "create_table" {
  type    = bool
  default = true
}

variable "name" {
  type    = string
  default = null
}

variable "hash_key" {
  type    = string
  default = null
}

variable "attributes" {
  type    = list(map(string))
  default = []
}

variable "point_in_time_recovery_enabled" {
  type    = bool
  default = false
}

variable "deletion_protection_enabled" {
  type    = bool
  default = null
}

variable "autoscaling_enabled" {
  type    = bool
  default = false
}

variable "server_side_encryption_kms_key_arn" {
  type    = string
  default = null
}

locals {
  dynamodb_table_arn = try(aws_dynamodb_table.this[0].arn, aws_dynamodb_table.autoscaled[0].arn, "")
}

resource "aws_dynamodb_table" "this" {
  count                       = var.create_table && !var.autoscaling_enabled ? 1 : 0
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.hash_key
  deletion_protection_enabled = var.deletion_protection_enabled

  point_in_time_recovery {
    enabled = var.point_in_time_recovery_enabled
  }

  dynamic "attribute" {
    for_each = var.attributes

    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }

  server_side_encryption {
    enabled     = var.server_side_encryption_kms_key_arn != null
    kms_key_arn = var.server_side_encryption_kms_key_arn
  }
}

resource "aws_dynamodb_table" "autoscaled" {
  count                       = var.create_table && var.autoscaling_enabled ? 1 : 0
  name                        = var.name
  billing_mode                = "PROVISIONED"
  hash_key                    = var.hash_key
  read_capacity               = 5
  write_capacity              = 5
  deletion_protection_enabled = var.deletion_protection_enabled

  point_in_time_recovery {
    enabled = var.point_in_time_recovery_enabled
  }

  dynamic "attribute" {
    for_each = var.attributes

    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }
}

output "dynamodb_table_arn" {
  value = local.dynamodb_table_arn
}
