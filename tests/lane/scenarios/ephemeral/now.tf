terraform {
  required_providers {
    five = {
      source  = "terrace/five"
      version = "1.0.0"
    }
    six = {
      source  = "terrace/six"
      version = "1.0.0"
    }
  }
}

provider "six" {
  greeting = "hello"
}

ephemeral "six_token" "token" {}

provider "five" {
  greeting = ephemeral.six_token.token.value
}

resource "six_thing" "secret" {
  name   = "secret"
  secret = ephemeral.six_token.token.value
}

resource "five_thing" "after" {
  name = "after"
}
