"""The server: what a forge tells is taken in by one process, and worked off by another."""
