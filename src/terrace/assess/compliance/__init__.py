"""What a look at everything gives evidence for: frameworks, their controls, and what can be said of each."""
