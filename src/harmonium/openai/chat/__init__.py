"""Chat Completions both ways: requests into conversations, events into answers and chunks."""
