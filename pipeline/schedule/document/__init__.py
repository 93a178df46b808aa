"""Read YAML into nodes with positions; limits, overrides, variants. Knows no section."""
