"""Faster implementations of networks with frozen weights: the same mathematics, fewer passes over memory.

Each kernel is tested, in value and gradient, against the plain module that it replaces. The hardware's
capabilities decide which one is used, never a trial run.
"""
