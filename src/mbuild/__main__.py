"""The ``mbuild`` command. ``--version`` answers before anything else is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from mbuild import __version__

        sys.stdout.write(f"mbuild {__version__}\n")
        return
    from mbuild.cli.boundary import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
