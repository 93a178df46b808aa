"""Where it runs: device and precision, memory, threads, what the machine refuses."""
