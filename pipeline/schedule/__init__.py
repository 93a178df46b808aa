"""The schedule language: read a file into a `Schedule`, and compute its frame specs."""
