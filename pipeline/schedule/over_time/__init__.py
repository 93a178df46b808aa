"""What a schedule says over time, sampled at the times of its frames, of which `schedule.timeline` makes specs."""
