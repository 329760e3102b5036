"""What happened, for good: events that are only ever added, chained by hash. Every view is a fold over them."""
