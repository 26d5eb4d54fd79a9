"""From a request's parameters to engine requests, and from token ids to decoded choices."""
