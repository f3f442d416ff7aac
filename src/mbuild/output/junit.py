"""A run as a JUnit report, which most CI systems show: one test case for each image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from mbuild.output.report import Done, ImageReport, Report


def render(report: Report) -> str:
    """Return the report as XML; images that took no part in the run are not in it."""
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    done = [(each, each.done) for each in report.images if each.done is not None]
    failed = sum(1 for _, one in done if one.status == "failed")
    skipped = sum(1 for _, one in done if one.status in ("skipped", "cancelled"))
    numbers = {"tests": str(len(done)), "failures": str(failed), "skipped": str(skipped), "errors": "0"}
    top = Element("testsuites", numbers)
    suite = SubElement(
        top, "testsuite", {"name": f"mbuild {report.command}", "time": f"{report.seconds or 0:.3f}", **numbers}
    )
    for each, how in done:
        suite.append(_case(each, how))
    indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode") + "\n"


def _case(each: ImageReport, done: Done) -> Element:
    from xml.etree.ElementTree import Element, SubElement

    told = {"classname": "mbuild", "name": each.name, "file": _clean(each.dockerfile), "time": f"{done.seconds:.3f}"}
    case = Element("testcase", told)
    error = _clean(done.error or "")
    if done.status == "failed":
        SubElement(case, "failure", {"message": error}).text = "\n".join([error, *map(_clean, done.log)])
    elif done.status in ("skipped", "cancelled"):
        SubElement(case, "skipped", {"message": error or done.status})
    else:
        SubElement(case, "system-out").text = done.status
    return case


def _clean(text: str) -> str:
    """Return text without what XML 1.0 cannot hold (2.2, Characters)."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
