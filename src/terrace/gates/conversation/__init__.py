"""People talk to Terrace where they talk about changes: a line of a comment is a command.

grammar      what a comment asks for
model        what a forge tells of who said it, and where
standing     whether they may ask for that
"""
