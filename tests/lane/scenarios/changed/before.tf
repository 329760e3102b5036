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
  name = "before"
}

resource "six_thing" "noted" {
  name = "noted"
  note = "first"
}

resource "five_thing" "gone" {
  name = "gone"
}
