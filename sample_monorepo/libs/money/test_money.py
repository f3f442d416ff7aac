"""python3 -m unittest discover libs/money. Tests are kept out of the images by .dockerignore."""

import unittest

from money import Money, total


class MoneyTest(unittest.TestCase):
    def test_text(self) -> None:
        self.assertEqual(str(Money("EUR", 1205)), "12.05 EUR")
        self.assertEqual(str(Money("EUR", -5)), "-0.05 EUR")
        self.assertEqual(str(Money("JPY", 300)), "300 JPY")

    def test_total(self) -> None:
        self.assertEqual(total([Money("CHF", 100) * 3, Money("CHF", 5)], "CHF"), Money("CHF", 305))

    def test_currencies_do_not_mix(self) -> None:
        with self.assertRaises(ValueError):
            Money("EUR", 1) + Money("USD", 1)


if __name__ == "__main__":
    unittest.main()
