"""The stacks of a repository: discovery, the module graph, their order, and the impact of a change.

Tree --discover--> Stack, Graph        Tree x Tree --impact--> ChangeSet        bytes --load--> Config
"""
