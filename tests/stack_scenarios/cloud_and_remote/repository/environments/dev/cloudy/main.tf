terraform {
  cloud {
    organization = "acme"
    workspaces {
      name = "cloudy-dev"
    }
  }
}

resource "terraform_data" "it" {
  input = "NAME"
}
