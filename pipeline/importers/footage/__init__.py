"""Clips that other tools' settings name: found beside the schedule, and which of their frames the tool takes."""
