"""Tests of the functions that servers call: one a sentence of their description, and properties."""
