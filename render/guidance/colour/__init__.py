"""Colours of whole pictures: colour spaces, statistics and their transport, palettes."""
