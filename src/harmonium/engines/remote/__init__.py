"""An engine reached over HTTP: connections, streams, errors.

Each server's own ways are in `dialects`.
"""
