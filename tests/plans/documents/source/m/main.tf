variable "label" {}

resource "terraform_data" "first" {
  input = var.label
}

resource "terraform_data" "second" {
  count = 2
  input = terraform_data.first.id
}
