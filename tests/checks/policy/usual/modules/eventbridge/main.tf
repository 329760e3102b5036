variable "rules" {
  type    = any
  default = {}
}

variable "targets" {
  type    = any
  default = {}
}

locals {
  targets = flatten([
    for rule, those in var.targets : [for target in those : merge(target, { rule = rule })]
  ])
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = var.rules

  name                = each.key
  schedule_expression = lookup(each.value, "schedule_expression", null)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = { for target in local.targets : target.name => target }

  rule = aws_cloudwatch_event_rule.this[each.value.rule].name
  arn  = each.value.arn
}

output "eventbridge_rule_arns" {
  value = { for k, v in aws_cloudwatch_event_rule.this : k => v.arn }
}
