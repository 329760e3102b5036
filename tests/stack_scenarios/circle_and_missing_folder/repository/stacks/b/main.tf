resource "terraform_data" "it" {
  input = "NAME"
}
