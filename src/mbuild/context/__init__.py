"""What is sent to a builder: selection of entries (pure), the tar stream, staging, and what plain builds would send."""
