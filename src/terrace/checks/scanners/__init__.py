"""Third-party scanners: their checks, and their output as findings. An adapter runs them."""
