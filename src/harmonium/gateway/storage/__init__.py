"""What outlives a request: stored responses, and the size limits of caches."""
