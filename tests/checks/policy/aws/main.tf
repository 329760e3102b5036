# Every type of AWS that a rule of the pack looks at, once as it should not be, and once as it should.

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
  skip_region_validation      = true
}

provider "aws" {
  alias                       = "tagged"
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true

  default_tags {
    tags = { environment = "prod", Owner = "ann", CostCenter = "1", Project = "terrace" }
  }
}

module "bad" {
  source = "./bad"
}

module "good" {
  source = "./good"

  providers = {
    aws = aws.tagged
  }
}
