"""Git, by its plumbing: the repository, its trees, and what its files say."""
