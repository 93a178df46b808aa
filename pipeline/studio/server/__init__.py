"""The HTTP API: who may use it, what it answers, and how it is described."""
