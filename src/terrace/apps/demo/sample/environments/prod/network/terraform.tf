terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "s3" {
    bucket         = "terrace-demo-states"
    key            = "prod/network/terraform.tfstate"
    region         = "eu-central-1"
    use_lockfile   = true
    use_path_style = true # an emulated S3 has no host name for each bucket
  }
}

provider "aws" {
  s3_use_path_style = true
}
