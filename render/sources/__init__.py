"""What a video starts from, one per file."""
