"""The page in Chromium: nothing runs or loads but its own, it is fast enough, and needs neither mouse nor scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mbuild.output.page.model import Page
from mbuild.output.page.render import render
from tests.browser import Browser
from tests.output.page.pages import large, small
from tests.output.page.test_render import HOSTILE, page_of

# The pages are big; what makes them is measured by other tests.
pytestmark = [pytest.mark.browser, pytest.mark.unmeasured]

VISIBLE = "[...document.querySelectorAll('table.filter tbody tr')].filter((row) => row.offsetParent)"
FOCUS = """(() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const seen = style.outlineStyle !== 'none' || at.querySelector('rect') !== null;
  return [at.localName + (at.id ? '#' + at.id : ''), (at.ariaLabel || at.textContent).trim().slice(0, 40), seen];
})()"""
CONTRAST = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (each) => {
    for (; each; each = each.parentElement) {
      const box = each.localName === 'a' || each.localName === 'g' ? each.querySelector('rect') : null;
      const color = box ? getComputedStyle(box).fill : getComputedStyle(each).backgroundColor;
      if (color !== 'none' && (rgb(color)[3] ?? 1) > 0) return rgb(color);
    }
    return [255, 0, 255];
  };
  const found = [];
  for (const each of document.querySelectorAll('body *')) {
    const own = [...each.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    if (!own || ['script', 'title', 'option'].includes(each.localName) || !each.getClientRects().length) continue;
    const style = getComputedStyle(each);
    const [one, two] = [rgb(each.localName === 'text' ? style.fill : style.color), behind(each)].map(light);
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) found.push(`${each.localName}.${each.className.baseVal ?? each.className} ${ratio.toFixed(2)}`);
  }
  return found;
})()"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pages."""
    found = tmp_path_factory.mktemp("pages")
    for name, page in (("small", small()), ("large", large()), ("hostile", page_of(HOSTILE))):
        (found / f"{name}.html").write_text(render(page), encoding="utf-8")
    return found


@pytest.fixture
def opened(browser: Browser) -> Iterator[Browser]:
    """Yield the browser as a desktop has it."""
    browser.size(1280, 900)
    browser.scheme("light")
    yield browser
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def show(browser: Browser, page: Path) -> None:
    browser.open(page.as_uri())
    assert browser.trouble == []
    assert browser.requests == [page.as_uri()]


@pytest.mark.parametrize("name", ["small", "large", "hostile"])
def test_nothing_else_is_asked_for_and_nothing_is_wrong(opened: Browser, folder: Path, name: str) -> None:
    show(opened, folder / f"{name}.html")
    assert opened.run("document.scripts.length") == 2
    assert opened.run("document.querySelectorAll('img, iframe, object, embed, form, [style]').length") == 0


def test_what_came_in_all_the_same_would_not_run(opened: Browser, folder: Path) -> None:
    show(opened, folder / "small.html")
    opened.run(
        "new Promise((done) => { addEventListener('securitypolicyviolation', done);"
        " const own = document.createElement('script'); own.textContent = 'globalThis.ran = true';"
        " document.body.append(own); }).then(() => true)"
    )
    opened.run(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"https://example.com/x\" onerror=\"ran = 1\">')"
    )
    assert opened.run("typeof ran") == "undefined"
    assert opened.trouble


@pytest.mark.parametrize("name", ["small", "large", "hostile"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_width_makes_the_page_scroll_sideways(opened: Browser, folder: Path, name: str, width: int) -> None:
    opened.size(width, 800)
    show(opened, folder / f"{name}.html")
    assert opened.run("document.documentElement.scrollWidth") <= width
    opened.run(
        "document.querySelectorAll('table.filter tr:nth-child(-n + 5) details').forEach((one) => (one.open = true))"
    )
    assert opened.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(opened: Browser, folder: Path, scheme: str) -> None:
    opened.scheme(scheme)
    show(opened, folder / "small.html")
    opened.run("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert opened.run(CONTRAST) == []


def test_light_and_dark_differ(opened: Browser, folder: Path) -> None:
    show(opened, folder / "small.html")
    light = opened.picture()
    opened.scheme("dark")
    assert opened.picture() != light
    assert opened.run("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"


def test_the_tab_key_leads_everywhere(opened: Browser, folder: Path) -> None:
    show(opened, folder / "small.html")
    met: list[tuple[str, str]] = []
    for _ in range(200):
        opened.press("Tab")
        name, text, seen = opened.run(FOCUS)
        if name == "body":
            break
        assert seen, f"nobody sees that {name} {text} has the focus"
        met.append((name, text))
    assert met[0] == ("a", "To the images")
    names = [name for name, _ in met]
    assert {"input#find", "select#state", "summary", "button", "pre", "div"} <= set(names)
    assert {text for name, text in met if name == "div"} == {"Timeline", "Graph", "Images", "Slowest steps"}
    assert [text for name, text in met if name == "button"] == ["Image", "Status", "Context", "Of", "Time"]
    assert sum(1 for name, text in met if name == "a" and text.startswith("api: failed")) == 1  # the box in the graph


def tab_to(browser: Browser, selector: str) -> None:
    for _ in range(200):
        browser.press("Tab")
        if browser.run(f"document.activeElement.matches({selector!r})"):
            return
    raise AssertionError(f"{selector} is not reached")


def test_rows_are_found_sorted_and_unfolded_by_keys(opened: Browser, folder: Path) -> None:
    show(opened, folder / "small.html")
    tab_to(opened, "#find")
    opened.type("web")
    assert opened.run(f"{VISIBLE}.map((row) => row.cells[0].textContent)") == ["web"]
    assert opened.run("document.querySelector('output').textContent") == "1 of 1 images shown, 6 in all"
    for _ in range(3):
        opened.press("Backspace")
    names = f"{VISIBLE}.map((row) => row.cells[0].textContent).join()"
    before = opened.run(names)
    tab_to(opened, "thead button")
    opened.press("Enter")
    assert opened.run(names) == "api,base,e2e,kept,web,worker" != before
    assert opened.run("document.activeElement.parentElement.ariaSort") == "ascending"
    opened.press(" ")
    assert opened.run(names) == "worker,web,kept,e2e,base,api"
    tab_to(opened, "details:not([open]) > summary")
    opened.press("Enter")
    assert opened.run("document.activeElement.parentElement.open")


def test_only_images_of_a_status(opened: Browser, folder: Path) -> None:
    show(opened, folder / "small.html")
    tab_to(opened, "#state")
    opened.press("f")
    assert opened.run("document.activeElement.value") == "failed"
    assert opened.run(f"{VISIBLE}.map((row) => row.cells[0].textContent)") == ["api"]


def test_of_many_rows_some_are_shown_until_more_are_asked_for(opened: Browser, folder: Path) -> None:
    show(opened, folder / "large.html")
    assert opened.run(f"{VISIBLE}.length") == 100
    opened.run("document.querySelector('.filter tr:nth-child(100) summary').focus()")
    tab_to(opened, ".tools > button")
    opened.press("Enter")
    assert opened.run(f"{VISIBLE}.length") == 200
    opened.run("document.querySelector('#find').focus()")
    opened.type("svc-0777.py")
    assert opened.run(f"{VISIBLE}.map((row) => row.cells[0].textContent)") == ["svc-0777"]


def test_a_link_leads_to_a_row_that_was_not_shown(opened: Browser, folder: Path) -> None:
    show(opened, folder / "large.html")
    opened.run("document.querySelector('#failures h3 a').focus()")
    opened.press("Enter")
    opened.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert opened.run("document.activeElement.cells[0].textContent") == "svc-1234"
    assert opened.run("document.activeElement.getBoundingClientRect().top") in range(900) or opened.run(
        "(({top}) => top >= 0 && top < innerHeight)(document.activeElement.getBoundingClientRect())"
    )


def test_without_scripts_everything_is_there(opened: Browser, folder: Path) -> None:
    opened.ask("Emulation.setScriptExecutionDisabled", value=True)
    opened.open((folder / "large.html").as_uri())
    assert opened.run(f"{VISIBLE}.length") == 2000
    assert opened.run("document.querySelectorAll('.tools').length") == 0


def test_a_run_with_its_own_failures_reads_from_top_to_bottom(opened: Browser, folder: Path) -> None:
    show(opened, folder / "small.html")
    heads = opened.run(
        "[...document.querySelectorAll('h1, h2')].map((one) => one.localName + ' ' + one.textContent.trim())"
    )
    assert heads == [
        "h1 mbuild affected",
        "h2 1 failure",
        "h2 Timeline",
        "h2 Graph",
        "h2 Images",
        "h2 Slowest steps",
        "h2 Without consequence",
    ]
    assert opened.run("[...document.querySelectorAll('table')].every((one) => one.caption && one.tHead)")


def test_there_is_nothing_to_do(opened: Browser, tmp_path: Path) -> None:
    page = small()
    nothing = Page(page.report.__class__("all", None, page.report.head, ()), page.made, page.version)
    (tmp_path / "none.html").write_text(render(nothing), encoding="utf-8")
    show(opened, tmp_path / "none.html")
    assert opened.run("document.querySelectorAll('table').length") == 0
