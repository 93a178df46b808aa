"""What a schedule names as a model: names, files, downloads, configs. No torch."""
