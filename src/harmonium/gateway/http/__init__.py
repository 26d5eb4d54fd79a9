"""The HTTP connection: protocol, middleware, request bodies, streamed answers."""
