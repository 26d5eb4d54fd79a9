"""Tokens to events to messages: a parser without I/O, strict or repairing."""
