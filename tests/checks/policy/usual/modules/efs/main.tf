variable "name" {
  type = string
}

variable "encrypted" {
  type    = bool
  default = true
}

variable "kms_key_arn" {
  type    = string
  default = null
}

variable "mount_targets" {
  type    = any
  default = {}
}

variable "access_points" {
  type    = any
  default = {}
}

variable "attach_policy" {
  type    = bool
  default = true
}

variable "policy_statements" {
  type    = any
  default = []
}

resource "aws_efs_file_system" "this" {
  creation_token = var.name
  encrypted      = var.encrypted
  kms_key_id     = var.kms_key_arn
}

data "aws_iam_policy_document" "policy" {
  count = var.attach_policy ? 1 : 0

  dynamic "statement" {
    for_each = var.policy_statements

    content {
      actions   = try(statement.value.actions, null)
      resources = [aws_efs_file_system.this.arn]

      dynamic "principals" {
        for_each = try(statement.value.principals, [])

        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }

      dynamic "condition" {
        for_each = try(statement.value.conditions, [])

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_efs_file_system_policy" "this" {
  count          = var.attach_policy ? 1 : 0
  file_system_id = aws_efs_file_system.this.id
  policy         = data.aws_iam_policy_document.policy[0].json
}

resource "aws_efs_mount_target" "this" {
  for_each = var.mount_targets

  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = each.value.subnet_id
  security_groups = try(each.value.security_groups, null)
}

resource "aws_efs_access_point" "this" {
  for_each = var.access_points

  file_system_id = aws_efs_file_system.this.id
}

resource "aws_efs_backup_policy" "this" {
  file_system_id = aws_efs_file_system.this.id

  backup_policy {
    status = "ENABLED"
  }
}
