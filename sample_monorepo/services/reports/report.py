"""Print the balance of every account as CSV: ``report.py [CONFIG]``."""

import configparser
import csv
import sys

import events
from money import Money


def balances(currency: str) -> dict[str, Money]:
    """Return the balance of every account in one currency."""
    found: dict[str, Money] = {}
    for _, entry in events.pending("ledger"):
        if entry["currency"] == currency:
            account = entry["account"]
            found[account] = found.get(account, Money(currency)) + Money(currency, entry["minor"])
    return found


def main() -> None:
    config = configparser.ConfigParser()
    config.read(sys.argv[1] if len(sys.argv) > 1 else "/etc/shop/reports.ini")
    currency = config.get("reports", "currency", fallback="EUR")
    out = csv.writer(sys.stdout)
    out.writerow(["account", "balance"])
    out.writerows([account, str(balance)] for account, balance in sorted(balances(currency).items()))


if __name__ == "__main__":
    main()
