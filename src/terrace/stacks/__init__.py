"""The repository as Terrace sees it: configuration, stacks, the module graph, and what a change touches.

Tree --discover--> Stack, Graph        Tree x Tree --impact--> ChangeSet        bytes --load--> Config
"""
