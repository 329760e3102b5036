terraform {
  backend "s3" {
    bucket = "acme-states"
    key    = "prd/app.tfstate"
    region = "eu-west-1"
  }
}

provider "aws" {
  region = "eu-west-1"
}

resource "terraform_data" "it" {
  input = "app"
}
