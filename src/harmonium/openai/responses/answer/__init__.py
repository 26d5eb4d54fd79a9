"""Parser events to Responses items and their stream events."""
