"""The webhook server: one process receives deliveries of a forge, another one processes them."""
