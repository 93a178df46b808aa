"""Numbers over time: curves, easings, expressions. No YAML, no files."""
