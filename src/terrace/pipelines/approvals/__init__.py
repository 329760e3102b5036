"""People approve, reject and withdraw, and prove who they are."""
