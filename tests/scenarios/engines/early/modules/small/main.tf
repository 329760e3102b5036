resource "terraform_data" "it" {
  input = "small"
}

output "name" {
  value = terraform_data.it.output
}
