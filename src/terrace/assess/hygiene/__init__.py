"""Whether a change is well kept: messages, pins, lock files, documentation, leftovers. One small file each."""
