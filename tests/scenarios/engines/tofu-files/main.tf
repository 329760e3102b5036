resource "terraform_data" "it" {
  input = "read by Terraform"
}
