variable "label" {
  default = "one"
}

module "many" {
  source   = "./m"
  for_each = toset(["a.b", "c"])
  label    = "${each.key} ${var.label}"
}

output "label" {
  value = var.label
}
