variable "name" {
  type = string
}

variable "encryption_at_rest_kms_key_arn" {
  type    = string
  default = null
}

variable "broker_node_client_subnets" {
  type    = list(string)
  default = []
}

variable "broker_node_security_groups" {
  type    = list(string)
  default = []
}

resource "aws_msk_configuration" "this" {
  name              = var.name
  kafka_versions    = ["3.6.0"]
  server_properties = join("\n", [for k, v in { "auto.create.topics.enable" = true } : format("%s = %s", k, v)])
}

resource "aws_msk_cluster" "this" {
  cluster_name           = var.name
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 3

  broker_node_group_info {
    client_subnets  = var.broker_node_client_subnets
    instance_type   = "kafka.m7g.large"
    security_groups = var.broker_node_security_groups
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.encryption_at_rest_kms_key_arn
  }

  configuration_info {
    arn      = aws_msk_configuration.this.arn
    revision = aws_msk_configuration.this.latest_revision
  }
}
