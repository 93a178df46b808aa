"""What lies beside the picture: a canvas from which the camera's motion brings in what enters, painted a band at a time."""
