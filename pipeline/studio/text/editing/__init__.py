"""Edits by a hand on the timeline, as changes of the text."""
