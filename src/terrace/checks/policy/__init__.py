"""What policies say: the results of a policy engine as findings."""
