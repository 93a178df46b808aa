"""What Deforum, Disco Diffusion and WarpFusion have in common."""
