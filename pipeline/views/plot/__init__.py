"""A schedule as a picture or a page: prompts, curves, footage, regions and events over time."""
