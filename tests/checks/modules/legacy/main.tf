terraform {
  required_providers {
    null = "~> 3.0"
  }
}

variable "text" {
  type = "string"
}

variable "names" {
  type    = "list"
  default = ["a", "b"]
}

variable "any" {}

resource "null_resource" "it" {
  provider = "null"
}

output "text" {
  value = "${var.text}"
}
