variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type = string
}

variable "vpc_id" {
  type    = string
  default = null
}

variable "ingress_rules" {
  type    = any
  default = {}
}

variable "egress_rules" {
  type    = any
  default = {}
}

variable "ingress_with_cidr_blocks" {
  type    = list(map(string))
  default = []
}

variable "inline_ingress" {
  type    = list(object({ port = number, cidr_blocks = list(string) }))
  default = []
}

variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  this_sg_id = try(aws_security_group.this[0].id, aws_security_group.this_name_prefix[0].id, "")
}

variable "use_name_prefix" {
  type    = bool
  default = true
}

resource "aws_security_group" "this" {
  count       = var.create && !var.use_name_prefix ? 1 : 0
  name        = var.name
  description = "Security group of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = var.tags

  dynamic "ingress" {
    for_each = var.inline_ingress
    content {
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ingress.value.cidr_blocks
    }
  }
}

resource "aws_security_group" "this_name_prefix" {
  count       = var.create && var.use_name_prefix ? 1 : 0
  name_prefix = "${var.name}-"
  description = "Security group of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = var.tags

  dynamic "ingress" {
    for_each = var.inline_ingress
    content {
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ingress.value.cidr_blocks
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = { for k, v in var.ingress_rules : k => v if var.create }

  security_group_id            = local.this_sg_id
  cidr_ipv4                    = try(each.value.cidr_ipv4, null)
  cidr_ipv6                    = try(each.value.cidr_ipv6, null)
  referenced_security_group_id = try(each.value.referenced_security_group_id, null)
  ip_protocol                  = try(each.value.ip_protocol, "tcp")
  from_port                    = try(each.value.from_port, null)
  to_port                      = try(each.value.to_port, each.value.from_port, null)
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = { for k, v in var.egress_rules : k => v if var.create }

  security_group_id = local.this_sg_id
  cidr_ipv4         = try(each.value.cidr_ipv4, null)
  ip_protocol       = try(each.value.ip_protocol, "tcp")
  from_port         = try(each.value.from_port, null)
  to_port           = try(each.value.to_port, each.value.from_port, null)
}

resource "aws_security_group_rule" "ingress_with_cidr_blocks" {
  count = var.create ? length(var.ingress_with_cidr_blocks) : 0

  security_group_id = local.this_sg_id
  type              = "ingress"
  cidr_blocks       = compact(split(",", lookup(var.ingress_with_cidr_blocks[count.index], "cidr_blocks", "10.0.0.0/8")))
  from_port         = lookup(var.ingress_with_cidr_blocks[count.index], "from_port", 443)
  to_port           = lookup(var.ingress_with_cidr_blocks[count.index], "to_port", 443)
  protocol          = lookup(var.ingress_with_cidr_blocks[count.index], "protocol", "tcp")
  description       = lookup(var.ingress_with_cidr_blocks[count.index], "description", "Ingress rule")
}

output "security_group_id" {
  value = try(aws_security_group.this[0].id, aws_security_group.this_name_prefix[0].id, "")
}
