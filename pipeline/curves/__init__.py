"""Compute numbers over time: curves, easings, expressions. Knows no YAML and no files."""
