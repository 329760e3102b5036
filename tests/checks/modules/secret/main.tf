variable "password" {
  type      = string
  sensitive = true
}

variable "token" {
  type      = string
  sensitive = true
  default   = "hunter2-is-no-default"
}

variable "none" {
  type      = string
  sensitive = true
  default   = null
}

output "password" {
  sensitive = true
  value     = var.password
}

output "plain" {
  value = 1
}

variable "db_password" {
  default = "kJ8-unmarked-4711"
}

variable "password_length" {
  default = 32
}
