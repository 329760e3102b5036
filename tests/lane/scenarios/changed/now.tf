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

resource "six_thing" "kept" {
  name = "kept"
}

resource "six_thing" "replaced" {
  name = "after"

  lifecycle {
    create_before_destroy = true
  }
}

resource "six_thing" "noted" {
  name = "noted"
  note = "second"
}
