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

import {
  to = six_thing.found
  id = "id-found"
}

resource "six_thing" "found" {
  name = "found"
}
