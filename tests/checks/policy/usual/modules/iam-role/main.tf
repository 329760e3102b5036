variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type = string
}

variable "trusted_role_services" {
  type    = list(string)
  default = []
}

variable "trusted_role_arns" {
  type    = list(string)
  default = []
}

variable "policies" {
  type    = map(string)
  default = {}
}

variable "inline_policy_statements" {
  type    = any
  default = []
}

variable "create_instance_profile" {
  type    = bool
  default = false
}

locals {
  create_inline = var.create && length(var.inline_policy_statements) > 0
}

data "aws_iam_policy_document" "assume_role" {
  count = var.create ? 1 : 0

  dynamic "statement" {
    for_each = length(var.trusted_role_services) > 0 ? [1] : []

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "Service"
        identifiers = var.trusted_role_services
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.trusted_role_arns) > 0 ? [1] : []

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = var.trusted_role_arns
      }
    }
  }
}

resource "aws_iam_role" "this" {
  count              = var.create ? 1 : 0
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.assume_role[0].json
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = { for k, v in var.policies : k => v if var.create }

  role       = aws_iam_role.this[0].name
  policy_arn = each.value
}

data "aws_iam_policy_document" "inline" {
  count = local.create_inline ? 1 : 0

  dynamic "statement" {
    for_each = var.inline_policy_statements

    content {
      sid       = try(statement.value.sid, null)
      effect    = try(statement.value.effect, null)
      actions   = try(statement.value.actions, null)
      resources = try(statement.value.resources, null)
    }
  }
}

resource "aws_iam_role_policy" "inline" {
  count  = local.create_inline ? 1 : 0
  role   = aws_iam_role.this[0].name
  name   = "inline"
  policy = data.aws_iam_policy_document.inline[0].json
}

resource "aws_iam_instance_profile" "this" {
  count = var.create && var.create_instance_profile ? 1 : 0
  role  = aws_iam_role.this[0].name
  name  = var.name
}

output "arn" {
  value = try(aws_iam_role.this[0].arn, "")
}

output "name" {
  value = try(aws_iam_role.this[0].name, "")
}

output "instance_profile_arn" {
  value = try(aws_iam_instance_profile.this[0].arn, null)
}

output "instance_profile_name" {
  value = try(aws_iam_instance_profile.this[0].name, null)
}
