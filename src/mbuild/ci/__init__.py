"""What CI providers say about their runs: one file for each provider, imported where its variable is set."""
