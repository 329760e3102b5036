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

resource "six_thing" "thing" {
  name = "thing"
}

resource "six_thing" "b" {
  name = "a"
}

moved {
  from = six_old_thing.thing
  to   = six_thing.thing
}

moved {
  from = six_thing.a
  to   = six_thing.b
}
