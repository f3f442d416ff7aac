"""Look into the spool: ``admin.py [--debug] pending|show ID``."""

import argparse
import json
import sys

import events


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--debug", action="store_true", help="print event bodies too")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("pending", help="list orders that nobody handled yet")
    commands.add_parser("show", help="print one order").add_argument("id")
    options = parser.parse_args()
    orders = {path.stem: body for path, body in events.pending("order")}
    if options.command == "show":
        if options.id not in orders:
            print(f"no pending order {options.id}", file=sys.stderr)
            return 1
        print(json.dumps(orders[options.id], indent=2))
        return 0
    for event_id, body in orders.items():
        print(event_id, json.dumps(body) if options.debug else len(body.get("lines", [])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
