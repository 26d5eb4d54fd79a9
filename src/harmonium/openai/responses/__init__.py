"""The Responses API both ways: requests into conversations, events into responses and streams."""
