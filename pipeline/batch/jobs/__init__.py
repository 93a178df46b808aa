"""What a batch renders, and the state of each job."""
