"""Build the container images of a monorepo: only those a change can have altered, each from a minimal context."""

__version__ = "0.1.0"
