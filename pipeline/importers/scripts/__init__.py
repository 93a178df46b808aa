"""Shell scripts and batch files as commands in order. Nothing is run."""
