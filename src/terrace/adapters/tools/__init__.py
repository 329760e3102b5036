"""Programs of others that Terrace can use: which, where they are, and how to get them."""
