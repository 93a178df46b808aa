"""The schedule language: from a file to a `Schedule` and to its frame specs."""
