"""A schedule seen without rendering all of it: plot, page, motion preview, one moment."""
