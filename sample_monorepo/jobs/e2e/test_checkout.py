import json
import os
import unittest
import urllib.request

API, WEB = os.environ["API"], os.environ["WEB"]


class CheckoutTest(unittest.TestCase):
    def test_front_page(self) -> None:
        with urllib.request.urlopen(WEB, timeout=5) as answer:
            self.assertIn(b"<title>Shop</title>", answer.read())

    def test_order(self) -> None:
        order = {"currency": "EUR", "lines": [{"sku": "cup", "quantity": 2, "price_minor": 950}]}
        with urllib.request.urlopen(f"{API}/orders", data=json.dumps(order).encode(), timeout=5) as answer:
            self.assertEqual(json.load(answer)["total_minor"], 1900)
