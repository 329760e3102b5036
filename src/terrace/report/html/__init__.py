"""HTML pages that load nothing: no network, no script, no font. Text is escaped wherever it enters."""
