"""The commands of `render`, grouped by topic. Each imports only what it needs, torch only to render."""
