variable "create" {
  type    = bool
  default = true
}

variable "function_name" {
  type = string
}

variable "runtime" {
  type    = string
  default = "python3.13"
}

variable "lambda_role" {
  type    = string
  default = ""
}

variable "environment_variables" {
  type    = map(string)
  default = {}
}

variable "kms_key_arn" {
  type    = string
  default = null
}

variable "cloudwatch_logs_retention_in_days" {
  type    = number
  default = 30
}

variable "allowed_triggers" {
  type    = map(any)
  default = {}
}

variable "create_lambda_function_url" {
  type    = bool
  default = false
}

variable "authorization_type" {
  type    = string
  default = "AWS_IAM"
}

variable "event_source_mapping" {
  type    = any
  default = {}
}

resource "aws_cloudwatch_log_group" "lambda" {
  count             = var.create ? 1 : 0
  name              = "/aws/lambda/${var.function_name}"
  retention_in_days = var.cloudwatch_logs_retention_in_days
}

resource "aws_lambda_function" "this" {
  count         = var.create ? 1 : 0
  function_name = var.function_name
  role          = var.lambda_role
  handler       = "index.handler"
  runtime       = var.runtime
  s3_bucket     = "packages"
  s3_key        = "${var.function_name}.zip"
  kms_key_arn   = var.kms_key_arn

  dynamic "environment" {
    for_each = length(keys(var.environment_variables)) == 0 ? [] : [true]

    content {
      variables = var.environment_variables
    }
  }

  depends_on = [aws_cloudwatch_log_group.lambda]
}

resource "aws_lambda_permission" "triggers" {
  for_each = { for k, v in var.allowed_triggers : k => v if var.create }

  statement_id   = try(each.value.statement_id, each.key)
  action         = try(each.value.action, "lambda:InvokeFunction")
  function_name  = aws_lambda_function.this[0].function_name
  principal      = try(each.value.principal, format("%s.amazonaws.com", try(each.value.service, "")))
  source_arn     = try(each.value.source_arn, null)
  source_account = try(each.value.source_account, null)
}

resource "aws_lambda_function_url" "this" {
  count              = var.create && var.create_lambda_function_url ? 1 : 0
  function_name      = aws_lambda_function.this[0].function_name
  authorization_type = var.authorization_type
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = { for k, v in var.event_source_mapping : k => v if var.create }

  function_name    = aws_lambda_function.this[0].arn
  event_source_arn = try(each.value.event_source_arn, null)
}

output "lambda_function_arn" {
  value = try(aws_lambda_function.this[0].arn, "")
}
