"""Everything that does I/O: processes, files, networks, clouds."""
