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

resource "five_thing" "one" {
  name = "one"
}

provider "six" {
  greeting = five_thing.one.id
}

resource "six_thing" "after" {
  name = "after ${five_thing.one.id}"
}

data "six_reading" "late" {
  depends_on = [six_thing.after]
}

check "greeting" {
  assert {
    condition     = data.six_reading.late.greeting == "nobody"
    error_message = "It greets ${data.six_reading.late.greeting}."
  }
}
