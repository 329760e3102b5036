"""Waivers: a named person accepts one finding until a date. They are records in Git, and never hide a finding."""
