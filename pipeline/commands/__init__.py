"""The commands of `render`, by what they are about. Each imports only what it needs, torch only to render."""
