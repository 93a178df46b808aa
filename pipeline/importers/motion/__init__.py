"""What moves the picture in other tools: their cameras, and the clips that settings name, of which frames are taken."""
