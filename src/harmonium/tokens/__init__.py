"""What it is written in: special tokens, the bundled vocabulary, encodings and their registry."""
