"""YAML as nodes that know their place; limits, overrides, variants. Knows no section."""
