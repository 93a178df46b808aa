"""Many schedules, one after the other or side by side, each in a process that may die without harm to the others.

jobs/ reads and checks the schedules and records how each job stands (batch.json), queue.py chooses the next jobs,
batch.py hands them to workers and follows their progress, display.py shows it. workers/ holds the workers: local
processes, one per GPU, or tasks of a Ray cluster.
"""
