"""Amounts of money, counted in the smallest unit of their currency: never a float."""

from __future__ import annotations

from dataclasses import dataclass

DECIMALS = {"EUR": 2, "USD": 2, "CHF": 2, "JPY": 0}


@dataclass(frozen=True)
class Money:
    """``Money("EUR", 1250)`` is 12.50 EUR."""

    currency: str
    minor: int = 0

    def __post_init__(self) -> None:
        if self.currency not in DECIMALS:
            raise ValueError(f"unknown currency: {self.currency}")

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.currency, self.minor + other.minor)

    def __mul__(self, quantity: int) -> Money:
        return Money(self.currency, self.minor * quantity)

    def __str__(self) -> str:
        decimals = DECIMALS[self.currency]
        if not decimals:
            return f"{self.minor} {self.currency}"
        whole, rest = divmod(abs(self.minor), 10**decimals)
        return f"{'-' if self.minor < 0 else ''}{whole}.{rest:0{decimals}} {self.currency}"


def total(amounts: list[Money], currency: str) -> Money:
    """Return the sum of amounts, which are all of this currency."""
    result = Money(currency)
    for amount in amounts:
        result += amount
    return result
