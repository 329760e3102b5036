"""What is observed and how Terrace reacts."""
