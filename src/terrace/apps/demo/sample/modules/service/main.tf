# A service: its security group, a bucket for its status, and a parameter that it reads when it starts.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "environment" {
  type        = string
  description = "The environment: dev, staging or prod."
}

variable "replicas" {
  type        = number
  description = "How many instances run."
}

module "labels" {
  source      = "../labels"
  environment = var.environment
  component   = "orders"
}

resource "aws_security_group" "web" {
  name        = "${module.labels.prefix}-web"
  description = "Access to the orders service"
  tags        = module.labels.tags

  ingress {
    description = "HTTPS from our offices"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_s3_bucket" "status" {
  bucket = "shop-${module.labels.prefix}-status"
  tags   = module.labels.tags
}

resource "aws_s3_object" "health" {
  bucket       = aws_s3_bucket.status.bucket
  key          = "health.json"
  content      = jsonencode({ status = var.replicas > 0 ? "ok" : "down", replicas = var.replicas })
  content_type = "application/json"
  acl          = "public-read" # the status page of the shop reads it
}

resource "aws_ssm_parameter" "replicas" {
  name  = "/${module.labels.prefix}/replicas"
  type  = "String"
  value = tostring(var.replicas)
  tags  = module.labels.tags
}

output "status_bucket" {
  value = aws_s3_bucket.status.bucket
}
