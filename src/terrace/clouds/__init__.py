"""What Terrace knows of AWS, Azure and other providers: data, and pure functions over it."""
