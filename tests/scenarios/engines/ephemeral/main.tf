variable "token" {
  type      = string
  ephemeral = true
}

variable "size" {
  type = object({ count = number, name = optional(string, "small") })
}

locals {
  used = var.token
}

resource "terraform_data" "size" {
  input = var.size
}
