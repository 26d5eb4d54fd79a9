"""What all requests share: reading JSON fields, contents, tools, errors."""
