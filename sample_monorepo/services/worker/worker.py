"""Turn orders into ledger entries. ``worker.py --every SECONDS`` runs for ever, without it once."""

import argparse
import json
import logging
import time
from pathlib import Path
from typing import Any

import events
from money import Money

HANDLERS = json.loads(Path(__file__).resolve().with_name("handlers.json").read_text())
log = logging.getLogger("worker")


def ledger_entry(order: dict[str, Any]) -> dict[str, Any]:
    """Return what the ledger keeps of an order."""
    account = HANDLERS["accounts"].get(order["currency"], HANDLERS["default_account"])
    return {"account": account, "currency": order["currency"], "minor": order["total_minor"]}


def run_once() -> int:
    """Handle what is pending and return how much that was."""
    count = 0
    for path, order in events.pending("order"):
        entry = ledger_entry(order)
        events.publish("ledger", entry)
        events.done(path)
        log.info("booked %s on %s", Money(entry["currency"], entry["minor"]), entry["account"])
        count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=float, metavar="SECONDS")
    every = parser.parse_args().every
    run_once()
    while every:
        time.sleep(every)
        run_once()


if __name__ == "__main__":
    main()
