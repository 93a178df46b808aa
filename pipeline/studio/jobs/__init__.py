"""What a server has under way: jobs in a queue, previews that are open, and who is told of it."""
