"""Runs the commands of `before_plan` and keeps what they write.

A command runs in a folder that holds its inputs and nothing else, apart from everything else of this machine
(`isolation`). What it writes is kept in a private folder by everything that it depends on: the command, the content of
its inputs, the program, the variables that it gets. So a change that is not merged cannot leave anything behind that a
run for another commit would take.
"""
