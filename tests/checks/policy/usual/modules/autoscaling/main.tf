variable "name" {
  type = string
}

variable "create_launch_template" {
  type    = bool
  default = true
}

variable "vpc_zone_identifier" {
  type    = list(string)
  default = []
}

variable "iam_instance_profile_arn" {
  type    = string
  default = null
}

variable "security_groups" {
  type    = list(string)
  default = []
}

variable "metadata_options" {
  type    = map(string)
  default = {}
}

variable "block_device_mappings" {
  type    = list(any)
  default = []
}

variable "network_interfaces" {
  type    = list(any)
  default = []
}

locals {
  launch_template_id = var.create_launch_template ? aws_launch_template.this[0].id : null
}

resource "aws_launch_template" "this" {
  count                  = var.create_launch_template ? 1 : 0
  name_prefix            = "${var.name}-"
  image_id               = "ami-12345678"
  instance_type          = "t3.micro"
  vpc_security_group_ids = length(var.network_interfaces) > 0 ? [] : var.security_groups

  dynamic "metadata_options" {
    for_each = length(var.metadata_options) > 0 ? [var.metadata_options] : []

    content {
      http_endpoint = lookup(metadata_options.value, "http_endpoint", null)
      http_tokens   = lookup(metadata_options.value, "http_tokens", null)
    }
  }

  dynamic "block_device_mappings" {
    for_each = var.block_device_mappings

    content {
      device_name = block_device_mappings.value.device_name

      dynamic "ebs" {
        for_each = flatten([lookup(block_device_mappings.value, "ebs", [])])

        content {
          encrypted   = lookup(ebs.value, "encrypted", null)
          kms_key_id  = lookup(ebs.value, "kms_key_id", null)
          volume_size = lookup(ebs.value, "volume_size", null)
        }
      }
    }
  }

  dynamic "iam_instance_profile" {
    for_each = var.iam_instance_profile_arn != null ? [1] : []

    content {
      arn = var.iam_instance_profile_arn
    }
  }

  dynamic "network_interfaces" {
    for_each = var.network_interfaces

    content {
      associate_public_ip_address = try(network_interfaces.value.associate_public_ip_address, null)
      security_groups             = var.security_groups
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                = var.name
  min_size            = 1
  max_size            = 3
  vpc_zone_identifier = var.vpc_zone_identifier

  launch_template {
    id      = local.launch_template_id
    version = "$Latest"
  }
}

resource "aws_autoscaling_policy" "this" {
  name                   = "cpu"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
