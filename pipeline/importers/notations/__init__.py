"""What settings are written in: JSON, Python, YAML, notebooks, Markdown; as values with their place."""
