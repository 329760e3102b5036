terraform {
  required_providers {
    six = {
      source                = "terrace/six"
      configuration_aliases = [six.other]
    }
  }
}

module "inner" {
  source = "./inner"
}

data "six_reading" "here" {
  provider = six.other
}

output "greetings" {
  value = [module.inner.greeting, data.six_reading.here.greeting]
}
