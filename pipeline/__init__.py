"""The time side: schedules, timelines, runs, videos and the command line."""
