"""States looked at, saved, compared, brought back, and the proof that they can be."""
