"""Third-party scanners: how each is called, and the checks that are made with them."""
