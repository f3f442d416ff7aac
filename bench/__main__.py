"""Run every benchmark: ``python -m bench``, or ``make bench``."""

from __future__ import annotations

from bench import tar_context

if __name__ == "__main__":
    tar_context.main()
