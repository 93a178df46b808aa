"""Make video files from pictures with ffmpeg: formats, containers, embedded texts. Knows nothing about schedules."""
