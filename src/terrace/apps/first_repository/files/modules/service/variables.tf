variable "name" {
  type        = string
  description = "Beginning of the name."
}

variable "replicas" {
  type        = number
  description = "Number of copies."

  validation {
    condition     = var.replicas >= 1 && var.replicas <= 20
    error_message = "There are 1 to 20 copies."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of the service."
}
