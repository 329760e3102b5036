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

resource "aws_ecs_task_definition" "it" {
  family = "it"
  container_definitions = jsonencode([{
    name        = "app"
    image       = "app"
    memory      = 64
    environment = [{ name = "STRIPE_API_KEY", value = "9f8e7d6c5b4a39281706" }]
  }])
}

resource "terraform_data" "settings" {
  input = { database = { admin_password = "Tr0ub4dor&3" } }
}
