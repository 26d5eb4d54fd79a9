"""When a request may start: concurrency limit, start throttle, shutdown."""
