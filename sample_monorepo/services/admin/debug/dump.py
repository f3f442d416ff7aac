"""Print the whole spool, handled events included: ``python3 debug/dump.py``."""

from events import SPOOL

for path in sorted(SPOOL.glob("*/*")):
    print(path.relative_to(SPOOL), path.read_text())
