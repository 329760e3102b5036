"""What scanners of others say, as findings: their words are read here, they are run elsewhere."""
