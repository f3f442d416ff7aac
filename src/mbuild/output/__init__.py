"""What people and scripts see: displays of a running build on stderr, formats of an answer for stdout."""
