"""The permanent record: append-only events, chained by hash. Every view is a fold over them."""
