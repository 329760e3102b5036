provider "aws" {
  region = "eu-west-1"
}

resource "terraform_data" "it" {
  input = "legacy"
}
