"""The machine: device and precision, memory, threads, and how its failures are recognised."""
