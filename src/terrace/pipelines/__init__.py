"""The corridors: each reads like a page and is made of pieces that decide, act and record."""
