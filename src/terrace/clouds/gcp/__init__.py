"""Google Cloud, as far as Terrace knows it."""
