"""Runs the commands of `before_plan` and caches their outputs. A command runs isolated from this machine (`isolation`),
in a folder that contains only its inputs. Outputs are cached in a private folder by everything that they depend on: the
command, the content of its inputs, the program, and its variables. So a change that is not merged cannot affect runs
for other commits.
"""
