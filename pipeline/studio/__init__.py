"""The studio: schedules, previews and renders of a folder as an HTTP API, and the page that uses it."""
