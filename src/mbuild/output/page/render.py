"""The page as one text. Style and scripts are files of this package; nothing is loaded, and nothing else runs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib import resources

from mbuild.output.page.failures import failures
from mbuild.output.page.gantt import gantt
from mbuild.output.page.graph import graph
from mbuild.output.page.head import head, leftovers
from mbuild.output.page.images import anchors, images
from mbuild.output.page.markup import Html, element
from mbuild.output.page.model import Page
from mbuild.output.page.steps import steps


def render(page: Page) -> str:
    """Return the page as HTML. It is read without scripts, too; they only filter, sort and fold away."""
    ids = anchors(page)
    body = element(
        "body",
        element("a", "To the images", href="#images", class_="skip"),
        head(page),
        _contents(page),
        element("main", failures(page, ids), gantt(page, ids), graph(page, ids), images(page, ids), steps(page, ids)),
        *_rest(page),
        element("footer", element("p", f"Written by mbuild {page.version}, {page.made}.")),
        _script("page.js"),
    )
    return f"<!DOCTYPE html>\n{element('html', _head(page), body, lang='en')}\n"


def _rest(page: Page) -> Iterator[Html]:
    found = list(leftovers(page.report))
    if found:
        yield element(
            "aside", element("h2", "Without consequence", id="h-rest"), *found, aria_labelledby="h-rest", id="rest"
        )


def _contents(page: Page) -> Html:
    places = {"timeline": "Timeline", "graph": "Graph", "images": "Images"}
    if any(each.done and each.done.status == "failed" for each in page.report.images):
        places = {"failures": "Failures", **places}
    places |= {"steps": "Slowest steps"} if page.steps else {}
    return element("nav", *(element("a", text, href=f"#{key}") for key, text in places.items()), aria_label="Contents")


def _head(page: Page) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"mbuild {page.report.command}"),
        element("style", Html(_file("page.css"))),
        _script("early.js"),
    )


def policy() -> str:
    """Return the page's own security policy: these files run and nothing else, and nothing is loaded."""
    scripts = " ".join(_digest(each) for each in ("early.js", "page.js"))
    style = _digest("page.css")
    return f"default-src 'none'; script-src {scripts}; style-src {style}; base-uri 'none'; form-action 'none'"


def _script(name: str) -> Html:
    return element("script", Html(_file(name)))


def _digest(name: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(_file(name).encode()).digest()).decode()}'"


def _file(name: str) -> str:
    return (resources.files("mbuild.output.page") / name).read_text(encoding="utf-8")
