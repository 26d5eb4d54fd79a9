"""What the operator decides: settings and their sources, API keys, keys for sealed reasoning."""
