"""The ordering API."""
