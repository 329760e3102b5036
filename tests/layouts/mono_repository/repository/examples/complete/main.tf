provider "aws" {
  region = "eu-west-1"
}

module "vpc" {
  source = "../../platform/modules/vpc"
  cidr   = "10.0.0.0/16"
}
