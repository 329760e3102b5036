variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type    = string
  default = null
}

variable "kms_master_key_id" {
  type    = string
  default = null
}

variable "sqs_managed_sse_enabled" {
  type    = bool
  default = true
}

variable "create_dlq" {
  type    = bool
  default = false
}

variable "create_queue_policy" {
  type    = bool
  default = false
}

variable "queue_policy_statements" {
  type    = any
  default = {}
}

resource "aws_sqs_queue" "this" {
  count                   = var.create ? 1 : 0
  name                    = var.name
  kms_master_key_id       = var.kms_master_key_id
  sqs_managed_sse_enabled = var.kms_master_key_id != null ? null : var.sqs_managed_sse_enabled
}

resource "aws_sqs_queue" "dlq" {
  count                   = var.create && var.create_dlq ? 1 : 0
  name                    = try(coalesce("${var.name}-dlq"), null)
  kms_master_key_id       = var.kms_master_key_id
  sqs_managed_sse_enabled = var.kms_master_key_id != null ? null : var.sqs_managed_sse_enabled
}

resource "aws_sqs_queue_redrive_policy" "this" {
  count          = var.create && var.create_dlq ? 1 : 0
  queue_url      = aws_sqs_queue.this[0].url
  redrive_policy = jsonencode({ maxReceiveCount = 5, deadLetterTargetArn = aws_sqs_queue.dlq[0].arn })
}

data "aws_iam_policy_document" "this" {
  count = var.create && var.create_queue_policy ? 1 : 0

  dynamic "statement" {
    for_each = var.queue_policy_statements

    content {
      sid       = try(statement.value.sid, null)
      actions   = try(statement.value.actions, null)
      effect    = try(statement.value.effect, null)
      resources = [aws_sqs_queue.this[0].arn]

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
          values   = condition.value.values
          variable = condition.value.variable
        }
      }
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  count     = var.create && var.create_queue_policy ? 1 : 0
  queue_url = aws_sqs_queue.this[0].url
  policy    = data.aws_iam_policy_document.this[0].json
}

output "queue_arn" {
  value = try(aws_sqs_queue.this[0].arn, null)
}
