"""One module per inference server: how it is asked for tokens, and how its stream is read."""
