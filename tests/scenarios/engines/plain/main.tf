variable "password" {
  type      = string
  sensitive = true
  default   = "hunter2-hunter2"
}

locals {
  names = toset(["a", "b c"])
}

module "named" {
  source = "./named"
  prefix = "x"
}

resource "terraform_data" "many" {
  for_each = local.names
  input    = "${module.named.prefix}-${each.key}"
}

resource "terraform_data" "secret" {
  input = { password = var.password }
}

check "named" {
  assert {
    condition     = module.named.prefix == "x"
    error_message = "The prefix is another one."
  }
}

output "names" {
  value = sort(values(terraform_data.many)[*].output)
}
