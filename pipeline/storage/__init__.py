"""Files, written atomically, and buckets for schedules and runs: `s3://bucket/path`, `gs://bucket/path`, `az://account/container/path`.

A run is always rendered in a local folder. What lies in the bucket is fetched before it (pull.py), what it makes
is uploaded after it (uploads.py), object by object, each whole or absent. Credentials come from the environment
or instance roles, as with the cloud's own tools, never from a schedule.
"""
