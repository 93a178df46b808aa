"""Many schedules, one after the other or side by side, each in a process that may die without harm to the others.

jobs/ reads and checks the schedules and records the state of each job (batch.json), queue.py chooses the next jobs,
batch.py assigns them to workers and follows their progress, display.py shows it. workers/ contains the workers: local
processes, one per GPU, or tasks of a Ray cluster.
"""
