"""The folder that a studio has opened, and the outputs folder: which of their files may be read and written."""
