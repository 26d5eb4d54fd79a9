"""Parser events to chat completions and their chunks."""
