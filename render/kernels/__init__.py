"""The networks of a step with frozen weights, faster: the same mathematics, other passes over memory.

Each kernel has a plain twin, the module that it stands for, and is tested against it by value and by
gradient. What is used where is decided by what the hardware can do, never by trying.
"""
