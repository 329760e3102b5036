variable "passphrase" {
  type      = string
  sensitive = true
}

terraform {
  encryption {
    key_provider "pbkdf2" "own" {
      passphrase = var.passphrase
      iterations = 200000
    }

    method "aes_gcm" "own" {
      keys = key_provider.pbkdf2.own
    }

    state {
      method   = method.aes_gcm.own
      enforced = true
    }

    plan {
      method   = method.aes_gcm.own
      enforced = true
    }
  }
}

resource "terraform_data" "secret" {
  # Only the state has it in capitals.
  input = upper("in the state, and not in clear")
}

output "secret" {
  value     = terraform_data.secret.output
  sensitive = true
}
