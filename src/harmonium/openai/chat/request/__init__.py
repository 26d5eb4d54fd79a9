"""Chat requests to conversations: fields, history, tools."""
