"""A deployment: opened, asked for at the gates, driven step by step, closed."""
