variable "log_groups" {
  type    = any
  default = {}
}

variable "alarms" {
  type    = any
  default = {}
}

variable "alarm_actions" {
  type    = list(string)
  default = []
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.log_groups

  name              = each.key
  retention_in_days = try(each.value.retention_in_days, null)
  kms_key_id        = try(each.value.kms_key_id, null)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms

  alarm_name          = each.key
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = each.value.metric_name
  namespace           = each.value.namespace
  period              = 60
  statistic           = "Average"
  threshold           = each.value.threshold
  alarm_actions       = var.alarm_actions
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = { for k, v in var.log_groups : k => v if try(v.metric_filter, null) != null }

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.this[each.key].name
  pattern        = each.value.metric_filter

  metric_transformation {
    name      = "errors"
    namespace = "app"
    value     = "1"
  }
}
