variable "one_line" { type = string }
variable "nullable" {
  type     = string
  nullable = false
  default  = ""
}
output "one_line" { value = var.one_line }
locals { unseen = 1 }
