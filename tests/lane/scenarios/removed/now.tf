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

removed {
  from = six_unused.left

  lifecycle {
    destroy = false
  }
}

resource "six_thing" "a" {
  name = "a"
}
