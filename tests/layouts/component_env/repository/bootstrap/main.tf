provider "aws" {
  region = "eu-west-1"
}

resource "terraform_data" "it" {
  input = "the bucket of the states"
}
