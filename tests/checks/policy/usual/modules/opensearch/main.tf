variable "domain_name" {
  type = string
}

variable "encrypt_at_rest" {
  type    = any
  default = { enabled = true }
}

variable "node_to_node_encryption" {
  type    = any
  default = { enabled = true }
}

variable "domain_endpoint_options" {
  type    = any
  default = { enforce_https = true, tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10" }
}

resource "aws_opensearch_domain" "this" {
  domain_name    = var.domain_name
  engine_version = "OpenSearch_2.15"

  dynamic "domain_endpoint_options" {
    for_each = length(var.domain_endpoint_options) > 0 ? [var.domain_endpoint_options] : []

    content {
      enforce_https       = try(domain_endpoint_options.value.enforce_https, null)
      tls_security_policy = try(domain_endpoint_options.value.tls_security_policy, null)
    }
  }

  dynamic "encrypt_at_rest" {
    for_each = length(var.encrypt_at_rest) > 0 ? [var.encrypt_at_rest] : []

    content {
      enabled    = try(encrypt_at_rest.value.enabled, true)
      kms_key_id = try(encrypt_at_rest.value.kms_key_id, null)
    }
  }

  dynamic "node_to_node_encryption" {
    for_each = length(var.node_to_node_encryption) > 0 ? [var.node_to_node_encryption] : []

    content {
      enabled = try(node_to_node_encryption.value.enabled, true)
    }
  }
}
