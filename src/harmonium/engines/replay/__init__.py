"""Recorded streams: an engine that plays them again, and one that records another."""
