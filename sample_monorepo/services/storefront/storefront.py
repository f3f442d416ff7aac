"""Print the page of one region. ``region.json`` beside this file says what is sold there."""

import json
from html import escape
from pathlib import Path
from string import Template

from money import Money

HERE = Path(__file__).parent


def render(region: dict) -> str:
    """Return the page as HTML."""
    rows = "\n".join(
        f"<li>{escape(item['name'])}: {Money(region['currency'], item['price_minor'])}</li>" for item in region["items"]
    )
    return Template((HERE / "page.html").read_text()).substitute(title=escape(region["title"]), rows=rows)


if __name__ == "__main__":
    print(render(json.loads((HERE / "region.json").read_text())))
