"""What Terrace does by itself after a deployment ended."""
