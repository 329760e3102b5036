passphrase = "correct-horse-battery-staple"
