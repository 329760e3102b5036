variable "name" {
  type = string
}

variable "kms_key_arn" {
  type    = string
  default = null
}

variable "role_arn" {
  type = string
}

variable "resources" {
  type    = list(string)
  default = []
}

resource "aws_backup_vault" "this" {
  name        = var.name
  kms_key_arn = var.kms_key_arn
}

resource "aws_backup_plan" "this" {
  name = var.name

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this.name
    schedule          = "cron(0 3 * * ? *)"
  }
}

resource "aws_backup_selection" "this" {
  name         = var.name
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = var.role_arn
  resources    = var.resources
}
