variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type = string
}

variable "engine" {
  type    = string
  default = "aurora-postgresql"
}

variable "storage_encrypted" {
  type    = bool
  default = true
}

variable "kms_key_id" {
  type    = string
  default = null
}

variable "backup_retention_period" {
  type    = number
  default = null
}

variable "deletion_protection" {
  type    = bool
  default = null
}

variable "publicly_accessible" {
  type    = bool
  default = null
}

variable "subnets" {
  type    = list(string)
  default = []
}

variable "vpc_id" {
  type    = string
  default = ""
}

variable "security_group_rules" {
  type    = any
  default = {}
}

variable "instances" {
  type    = any
  default = {}
}

variable "instance_class" {
  type    = string
  default = "db.r6g.large"
}

variable "serverlessv2_scaling_configuration" {
  type    = map(string)
  default = {}
}

variable "autoscaling_enabled" {
  type    = bool
  default = false
}

resource "aws_db_subnet_group" "this" {
  count      = var.create ? 1 : 0
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_rds_cluster" "this" {
  count                       = var.create ? 1 : 0
  cluster_identifier          = var.name
  engine                      = var.engine
  master_username             = "root"
  manage_master_user_password = true
  storage_encrypted           = var.storage_encrypted
  kms_key_id                  = var.kms_key_id
  backup_retention_period     = var.backup_retention_period
  deletion_protection         = var.deletion_protection
  db_subnet_group_name        = aws_db_subnet_group.this[0].name
  vpc_security_group_ids      = compact(concat([try(aws_security_group.this[0].id, "")], []))

  dynamic "serverlessv2_scaling_configuration" {
    for_each = length(var.serverlessv2_scaling_configuration) > 0 ? [var.serverlessv2_scaling_configuration] : []

    content {
      max_capacity = serverlessv2_scaling_configuration.value.max_capacity
      min_capacity = serverlessv2_scaling_configuration.value.min_capacity
    }
  }
}

resource "aws_rds_cluster_instance" "this" {
  for_each = { for k, v in var.instances : k => v if var.create }

  identifier          = lookup(each.value, "identifier", "${var.name}-${each.key}")
  cluster_identifier  = aws_rds_cluster.this[0].id
  engine              = aws_rds_cluster.this[0].engine
  instance_class      = lookup(each.value, "instance_class", var.instance_class)
  publicly_accessible = lookup(each.value, "publicly_accessible", var.publicly_accessible)
}

resource "aws_security_group" "this" {
  count       = var.create ? 1 : 0
  name_prefix = "${var.name}-"
  vpc_id      = var.vpc_id
}

resource "aws_security_group_rule" "this" {
  for_each = { for k, v in var.security_group_rules : k => v if var.create }

  type                     = try(each.value.type, "ingress")
  from_port                = try(each.value.from_port, 5432)
  to_port                  = try(each.value.to_port, 5432)
  protocol                 = try(each.value.protocol, "tcp")
  security_group_id        = aws_security_group.this[0].id
  cidr_blocks              = try(each.value.cidr_blocks, null)
  source_security_group_id = try(each.value.source_security_group_id, null)
}

resource "aws_appautoscaling_target" "this" {
  count              = var.create && var.autoscaling_enabled ? 1 : 0
  max_capacity       = 3
  min_capacity       = 1
  resource_id        = "cluster:${aws_rds_cluster.this[0].cluster_identifier}"
  scalable_dimension = "rds:cluster:ReadReplicaCount"
  service_namespace  = "rds"
}

output "cluster_endpoint" {
  value = try(aws_rds_cluster.this[0].endpoint, null)
}

output "security_group_id" {
  value = try(aws_security_group.this[0].id, null)
}
