"""One run: its plan, the frame loop, resume, its events."""
