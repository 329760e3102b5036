resource "terraform_data" "it" {
  input = "large"
}

output "name" {
  value = terraform_data.it.output
}
