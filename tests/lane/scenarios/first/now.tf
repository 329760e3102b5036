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

resource "six_thing" "one" {
  name = "one"
  note = provider::six::shout("quiet")
}

resource "five_thing" "two" {
  for_each = toset(["a", "b"])
  name     = "${each.key}-${six_thing.one.name}"
}

output "made" {
  value = { for key, thing in five_thing.two : key => thing.id }
}
