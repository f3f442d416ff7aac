"""The formats for other programs."""
