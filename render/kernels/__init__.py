"""Faster implementations of networks with frozen weights: the same mathematics, fewer passes over memory.

Each kernel is tested, by value and by gradient, against the plain module that it replaces. The hardware's
capabilities decide what is used, never a trial run.
"""
