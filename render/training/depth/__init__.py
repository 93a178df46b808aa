"""The embedded depth network: procedural scenes with their nearness, training, export, and how it compares."""
