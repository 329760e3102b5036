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

variable "topic_policy_statements" {
  type    = any
  default = {}
}

variable "subscriptions" {
  type    = any
  default = {}
}

resource "aws_sns_topic" "this" {
  count             = var.create ? 1 : 0
  name              = var.name
  kms_master_key_id = var.kms_master_key_id
}

data "aws_iam_policy_document" "this" {
  count = var.create ? 1 : 0

  statement {
    sid       = "Owner"
    actions   = ["sns:Publish", "sns:Subscribe"]
    resources = [aws_sns_topic.this[0].arn]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::123456789012:root"]
    }
  }

  dynamic "statement" {
    for_each = var.topic_policy_statements

    content {
      sid       = try(statement.value.sid, statement.key)
      actions   = try(statement.value.actions, null)
      resources = [aws_sns_topic.this[0].arn]

      dynamic "principals" {
        for_each = try(statement.value.principals, [])

        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  count  = var.create ? 1 : 0
  arn    = aws_sns_topic.this[0].arn
  policy = data.aws_iam_policy_document.this[0].json
}

resource "aws_sns_topic_subscription" "this" {
  for_each = { for k, v in var.subscriptions : k => v if var.create }

  topic_arn = aws_sns_topic.this[0].arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

output "topic_arn" {
  value = try(aws_sns_topic.this[0].arn, null)
}
