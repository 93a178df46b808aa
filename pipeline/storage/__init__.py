"""Buckets as places for schedules and runs: `s3://bucket/path`, `gs://bucket/path`, `az://account/container/path`.

A run is always rendered in a local folder. What lies in the bucket is fetched before it (pull.py), what it makes
is uploaded behind it (mirror.py, uploads.py), object by object, each whole or not there. Credentials come
by the ways of the cloud's own tools (environment, instance roles), never from a schedule.
"""
