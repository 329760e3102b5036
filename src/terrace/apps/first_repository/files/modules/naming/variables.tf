variable "project" {
  type        = string
  description = "Name of the project."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.project))
    error_message = "The project is 2 to 21 lowercase letters, digits and hyphens, and starts with a letter."
  }
}

variable "environment" {
  type        = string
  description = "Name of the environment."
}
