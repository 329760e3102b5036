terraform {
  backend "s3" {
    bucket = "acme-states"
    key    = "prod/us-east-1/db.tfstate"
    region = "eu-west-1"
  }
}

provider "aws" {
  region = "us-east-1"
}

resource "terraform_data" "it" {
  input = "db"
}
