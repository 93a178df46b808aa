"""The processes that render jobs, on this machine or on Ray."""
