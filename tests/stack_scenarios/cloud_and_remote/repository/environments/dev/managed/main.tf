terraform {
  backend "remote" {
    organization = "acme"
    workspaces {
      name = "managed-dev"
    }
  }
}

resource "terraform_data" "it" {
  input = "NAME"
}
