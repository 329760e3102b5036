variable "identifier" {
  type = string
}

variable "storage_encrypted" {
  type    = bool
  default = true
}

variable "publicly_accessible" {
  type    = bool
  default = false
}

variable "multi_az" {
  type    = bool
  default = false
}

variable "backup_retention_period" {
  type    = number
  default = null
}

variable "deletion_protection" {
  type    = bool
  default = false
}

variable "kms_key_id" {
  type    = string
  default = null
}

variable "parameters" {
  type    = list(map(string))
  default = []
}

variable "create_db_parameter_group" {
  type    = bool
  default = true
}

resource "aws_db_parameter_group" "this" {
  count  = var.create_db_parameter_group ? 1 : 0
  name   = var.identifier
  family = "postgres16"

  dynamic "parameter" {
    for_each = var.parameters

    content {
      name         = parameter.value.name
      value        = parameter.value.value
      apply_method = lookup(parameter.value, "apply_method", null)
    }
  }
}

resource "aws_db_instance" "this" {
  identifier                  = var.identifier
  engine                      = "postgres"
  instance_class              = "db.t4g.small"
  allocated_storage           = 20
  username                    = "app"
  manage_master_user_password = true
  storage_encrypted           = var.storage_encrypted
  kms_key_id                  = var.kms_key_id
  publicly_accessible         = var.publicly_accessible
  multi_az                    = var.multi_az
  backup_retention_period     = var.backup_retention_period
  deletion_protection         = var.deletion_protection
  parameter_group_name        = var.create_db_parameter_group ? aws_db_parameter_group.this[0].id : null
  skip_final_snapshot         = false
  final_snapshot_identifier   = "${var.identifier}-final"
}

output "db_instance_arn" {
  value = aws_db_instance.this.arn
}
