"""Waivers: what is broken and somebody answers for, until a day. They are records in Git, and never hide a finding."""
