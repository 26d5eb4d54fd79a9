"""One module per API: what each path of the gateway does."""
