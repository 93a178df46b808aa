"""The models that a schedule can name: their files, downloads and configs. No torch here."""
