"""A schedule read from its text: where each thing is written, and how numbers and times are written there."""
