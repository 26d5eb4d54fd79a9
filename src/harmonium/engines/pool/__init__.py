"""Several engines behind one: prefix affinity, health and retries."""
