"""Schedules to start from: one file per template, its name is the key, its first line says what it is."""
