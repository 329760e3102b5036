terraform {
  backend "s3" {
    bucket = "acme-states"
    key    = "app"
    region = "eu-west-1"
  }
}

variable "size" {
  type = number
}

resource "terraform_data" "it" {
  input = var.size
}
