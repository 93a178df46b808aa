"""A schedule shown without rendering all of it: plot, page, motion preview, one moment, pictures to start from."""
