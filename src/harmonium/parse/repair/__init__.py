"""What damaged output meant: the rules that read broken headers and missing ones."""
