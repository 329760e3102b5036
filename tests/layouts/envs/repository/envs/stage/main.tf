terraform {
  backend "s3" {
    bucket = "acme-states"
    key    = "stage.tfstate"
    region = "eu-west-1"
  }
}

provider "aws" {
  region = "eu-west-1"
}

module "vpc" {
  source = "../../modules/vpc"
  cidr   = "10.0.0.0/16"
}
