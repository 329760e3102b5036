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

resource "six_unused" "left" {
  name = "left"
}

resource "six_thing" "a" {
  name = "a"
}
