"""What an order is, and what it costs."""

from typing import Any

from money import Money, total


def priced(order: Any) -> dict[str, Any]:
    """Return an order with its total. Raises ValueError when something is missing or makes no sense."""
    if not isinstance(order, dict):
        raise ValueError("an order is an object")
    currency, lines = order.get("currency"), order.get("lines")
    if not isinstance(currency, str) or not isinstance(lines, list) or not lines:
        raise ValueError("an order has a currency and at least one line")
    amounts = [_amount(line, currency) for line in lines]
    return {**order, "total_minor": total(amounts, currency).minor}


def _amount(line: Any, currency: str) -> Money:
    try:
        quantity, price = int(line["quantity"]), int(line["price_minor"])
    except (TypeError, KeyError, ValueError):
        raise ValueError("a line has a quantity and a price_minor") from None
    if quantity < 1:
        raise ValueError("a quantity is at least 1")
    return Money(currency, price) * quantity
