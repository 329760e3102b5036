terraform {
  backend "s3" {}
}

variable "cidr" {
  type = string
}

provider "aws" {
  region = "eu-west-1"
}

resource "terraform_data" "it" {
  input = var.cidr
}
