"""Files, written atomically, and buckets for schedules and runs: `s3://bucket/path`, `gs://bucket/path`, `az://account/container/path`.

A run is always rendered in a local folder. Before it, existing objects are fetched from the bucket (pull.py);
while it renders, results are uploaded (uploads.py), each object atomically. Credentials come from the environment
or instance roles, as for the cloud's own tools, never from a schedule.
"""
