"""What differs between the cloud and what was deployed, and what may be done about it."""
