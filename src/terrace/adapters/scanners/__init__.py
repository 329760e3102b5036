"""Third-party scanners: how each is run, and the checks that use them."""
