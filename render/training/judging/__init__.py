"""Measuring an exported pair by a judge that was trained separately."""
