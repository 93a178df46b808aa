"""Files, written atomically, and buckets for schedules and runs: `s3://bucket/path`, `gs://bucket/path`, `az://account/container/path`.

A run is always rendered in a local folder. Existing objects are fetched from the bucket before it (pull.py), and
results are uploaded afterwards (uploads.py), object by object, each atomically. Credentials come from the environment
or instance roles, as with the cloud's own tools, never from a schedule.
"""
