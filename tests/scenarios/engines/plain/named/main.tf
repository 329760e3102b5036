variable "prefix" {
  type = string
}

output "prefix" {
  value = var.prefix
}
