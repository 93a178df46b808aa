"""What a schedule says of footage: clips, numbered pictures and stills, and which of their pictures is shown when."""
