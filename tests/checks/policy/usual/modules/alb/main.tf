variable "name" {
  type = string
}

variable "internal" {
  type    = bool
  default = null
}

variable "vpc_id" {
  type    = string
  default = null
}

variable "subnets" {
  type    = list(string)
  default = []
}

variable "security_groups" {
  type    = list(string)
  default = []
}

variable "drop_invalid_header_fields" {
  type    = bool
  default = true
}

variable "access_logs" {
  type    = map(string)
  default = {}
}

variable "listeners" {
  type    = any
  default = {}
}

variable "target_groups" {
  type    = any
  default = {}
}

resource "aws_lb" "this" {
  name                       = var.name
  internal                   = var.internal
  load_balancer_type         = "application"
  subnets                    = var.subnets
  security_groups            = var.security_groups
  drop_invalid_header_fields = var.drop_invalid_header_fields
  enable_deletion_protection = true

  dynamic "access_logs" {
    for_each = length(var.access_logs) > 0 ? [var.access_logs] : []

    content {
      bucket  = access_logs.value.bucket
      enabled = try(access_logs.value.enabled, true)
      prefix  = try(access_logs.value.prefix, null)
    }
  }
}

resource "aws_lb_listener" "this" {
  for_each = var.listeners

  load_balancer_arn = aws_lb.this.arn
  port              = try(each.value.port, 443)
  protocol          = try(each.value.protocol, "HTTPS")
  certificate_arn   = try(each.value.certificate_arn, null)
  ssl_policy        = contains(["HTTPS", "TLS"], try(each.value.protocol, "HTTPS")) ? try(each.value.ssl_policy, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06") : try(each.value.ssl_policy, null)

  dynamic "default_action" {
    for_each = try([each.value.forward], [])

    content {
      type             = "forward"
      target_group_arn = aws_lb_target_group.this[default_action.value.target_group_key].arn
    }
  }

  dynamic "default_action" {
    for_each = try([each.value.redirect], [])

    content {
      type = "redirect"

      redirect {
        port        = try(default_action.value.port, "443")
        protocol    = try(default_action.value.protocol, "HTTPS")
        status_code = try(default_action.value.status_code, "HTTP_301")
      }
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each = var.target_groups

  port        = try(each.value.port, 80)
  protocol    = try(each.value.protocol, "HTTP")
  target_type = try(each.value.target_type, null)
  vpc_id      = try(each.value.vpc_id, var.vpc_id)
}

output "arn" {
  value = aws_lb.this.arn
}

output "dns_name" {
  value = aws_lb.this.dns_name
}

output "zone_id" {
  value = aws_lb.this.zone_id
}

output "target_groups" {
  value = aws_lb_target_group.this
}
