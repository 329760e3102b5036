locals {
  size = file("${path.module}/../sizes/${terraform.workspace}.txt")
}

resource "terraform_data" "it" {
  input = "${terraform.workspace} ${local.size}"
}
