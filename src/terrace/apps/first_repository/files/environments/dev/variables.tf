# What can differ between environments. The values are in terraform.tfvars.

variable "project" {
  type        = string
  description = "Name of the project, the first part of all names."
}

variable "replicas" {
  type        = number
  description = "Number of copies of the service."
}
