"""Secrets that stand where they can be read: in sources, in old commits, in plans. What is kept never shows one."""
