"""python3 -m unittest discover libs/events. Tests are kept out of the images by .dockerignore."""

import tempfile
import unittest
from pathlib import Path

import events


class EventsTest(unittest.TestCase):
    def test_an_event_is_seen_until_it_is_done(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            spool = Path(folder)
            events.publish("order", {"sku": "cup"}, spool)
            [(path, body)] = events.pending("order", spool)
            self.assertEqual(body, {"sku": "cup"})
            events.done(path)
            self.assertEqual(list(events.pending("order", spool)), [])


if __name__ == "__main__":
    unittest.main()
