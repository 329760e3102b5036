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

resource "six_old_thing" "thing" {
  name = "thing"
}

resource "six_thing" "a" {
  name = "a"
}
