variable "second" {
  type    = bool
  default = false
}

resource "terraform_data" "first" {
  input = "first"
}

resource "terraform_data" "second" {
  input = "second"

  lifecycle {
    enabled = var.second
  }
}

output "second" {
  value = var.second ? terraform_data.second.output : "absent"
}
