variable "key" {
  description = "For Terraform."
}
