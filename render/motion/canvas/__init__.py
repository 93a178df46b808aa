"""What lies beside the picture: a canvas from which a motion brings in what enters, painted a band at a time."""
