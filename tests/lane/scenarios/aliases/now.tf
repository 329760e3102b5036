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
  greeting = "one"
}

provider "six" {
  alias    = "other"
  greeting = "two"
}

data "six_reading" "one" {}

data "six_reading" "two" {
  provider = six.other
}

resource "six_thing" "one" {
  name = "one"
}

resource "six_thing" "two" {
  provider = six.other
  name     = "two"
}

output "greetings" {
  value = [data.six_reading.one.greeting, data.six_reading.two.greeting]
}

output "apart" {
  value = data.six_reading.one.process != data.six_reading.two.process
}
