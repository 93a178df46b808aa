"""Many schedules, one after the other or side by side, each in a process that may die without harm to the others.

collect.py finds and checks them, crew.py keeps a worker (worker.py) per GPU, on_ray.py has tasks in their place,
queue.py knows which job is next, batch.py gives it out, group.py renders those that one was given, display.py shows
how it goes, record.py writes batch.json.
"""
