variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type = string
}

variable "subnet_id" {
  type    = string
  default = null
}

variable "vpc_security_group_ids" {
  type    = list(string)
  default = null
}

variable "iam_instance_profile" {
  type    = string
  default = null
}

variable "associate_public_ip_address" {
  type    = bool
  default = null
}

variable "metadata_options" {
  type    = map(string)
  default = { http_endpoint = "enabled", http_put_response_hop_limit = 1, http_tokens = "required" }
}

variable "root_block_device" {
  type    = list(any)
  default = []
}

resource "aws_instance" "this" {
  count                       = var.create ? 1 : 0
  ami                         = "ami-12345678"
  instance_type               = "t3.micro"
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = var.vpc_security_group_ids
  iam_instance_profile        = var.iam_instance_profile
  associate_public_ip_address = var.associate_public_ip_address

  dynamic "root_block_device" {
    for_each = var.root_block_device

    content {
      encrypted   = try(root_block_device.value.encrypted, null)
      volume_size = try(root_block_device.value.volume_size, null)
    }
  }

  dynamic "metadata_options" {
    for_each = length(var.metadata_options) > 0 ? [var.metadata_options] : []

    content {
      http_endpoint               = try(metadata_options.value.http_endpoint, "enabled")
      http_tokens                 = try(metadata_options.value.http_tokens, "optional")
      http_put_response_hop_limit = try(metadata_options.value.http_put_response_hop_limit, 1)
    }
  }

  tags = { Name = var.name }
}

output "id" {
  value = try(aws_instance.this[0].id, null)
}
