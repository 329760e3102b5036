terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "tagged"
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  default_tags {
    tags = { Environment = "dev", Owner = "ann", CostCenter = "1", Project = "terrace" }
  }
}

resource "aws_vpc" "none" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc" "by_default" {
  provider   = aws.tagged
  cidr_block = "10.1.0.0/16"
}

resource "aws_vpc" "empty" {
  cidr_block = "10.2.0.0/16"
  tags       = { Environment = "dev", Owner = "", CostCenter = "1", Project = "terrace" }
}

resource "aws_vpc" "other_case" {
  cidr_block = "10.3.0.0/16"
  tags       = { environment = "dev", owner = "ann", costcenter = "1", project = "terrace" }
}
