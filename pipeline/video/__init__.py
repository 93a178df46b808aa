"""From pictures to a file by ffmpeg: formats, containers, what is written into them. Knows no schedule."""
