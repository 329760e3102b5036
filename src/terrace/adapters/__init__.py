"""Everything that touches the world: processes, files, networks, clouds."""
