terraform {
  backend "s3" {
    bucket = "acme-states"
    key    = "dev/eu-west-1/db.tfstate"
    region = "eu-west-1"
  }
}

provider "aws" {
  region = "eu-west-1"
}

resource "terraform_data" "it" {
  input = "db"
}
