"""What lies on the disk of a run, how it is named, locked and verified. Imports no torch."""
