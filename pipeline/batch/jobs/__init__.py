"""What a batch is to render and what has become of it."""
