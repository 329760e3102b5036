terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.0"
      configuration_aliases = [aws.east, aws.west]
    }
    cf = {
      source = "cloudflare/cloudflare"
    }
  }
}

resource "aws_sns_topic" "east" {
  provider = aws.east
}

resource "aws_sns_topic" "home" {}

resource "cloudflare_record" "it" {
  provider = cf
}

resource "google_pubsub_topic" "it" {}

resource "terraform_data" "it" {}

data "terraform_remote_state" "network" {
  backend = "local"
}

ephemeral "aws_secretsmanager_secret_version" "key" {
  secret_id = "key"
}
