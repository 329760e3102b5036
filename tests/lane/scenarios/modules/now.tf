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
  greeting = "root"
}

provider "six" {
  alias    = "other"
  greeting = "other"
}

module "parts" {
  source = "./parts"
  count  = 2

  providers = {
    six       = six
    six.other = six.other
  }
}

output "greetings" {
  value = module.parts[*].greetings
}
