"""The endpoints of the API, one subject per file; each file has `endpoints`, which makes them for a studio."""
