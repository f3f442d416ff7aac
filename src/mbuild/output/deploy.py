"""The record of a run for deploys: each image by the name under which it can be pulled. Pure.

A name has the digest that was read back from a registry where there is one, else the content tag: both stay what they
are when tags move on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mbuild.errors import UsageError, listed
from mbuild.output.formats.yamltext import as_yaml
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.output.report import Report


@dataclass(frozen=True, slots=True)
class Deployed:
    """One image. name: in build.yaml; repository: its full name; tag: the content tag; digest: "" where not known."""

    name: str
    repository: str
    tag: str
    digest: str = ""

    @property
    def reference(self) -> str:
        """The name to pull it by."""
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def deployed(report: Report) -> tuple[Deployed, ...]:
    """Return all images of a run. Raises UsageError where the run says nothing of some."""
    left_out = [each.name for each in report.images if not each.tags]
    if left_out:
        shown = listed(left_out, 3)
        raise UsageError(
            f"a record for deploys has every image, and this run knows nothing of {shown}", "mbuild all does"
        )
    return tuple(_found(report))


def _found(report: Report) -> Iterator[Deployed]:
    for each in report.images:
        repository, _, tag = (each.tags or ("",))[0].rpartition(":")
        # Only what was read back is in a registry under that digest.
        digest = (each.done.digest or "") if each.done and each.done.pushed else ""
        yield Deployed(each.name, repository, tag, digest)


def as_env(images: tuple[Deployed, ...]) -> str:
    """Return shell variables: ``API_IMAGE=registry.example.com/shop/api@sha256:…``, one a line."""
    found = _by(images, _variable)
    return "".join(f"{name}={each.reference}\n" for name, each in found.items())


def _variable(name: str) -> str:
    """Return an image's variable; none begins with a digit (POSIX XBD 3.235, Name)."""
    written = re.sub("[^A-Z0-9]", "_", name.upper()) + "_IMAGE"
    return f"_{written}" if written[0].isdigit() else written


def _by(images: tuple[Deployed, ...], called: Callable[[str], str]) -> dict[str, Deployed]:
    """Return images by what another program calls them. Raises UsageError where it would call two the same."""
    found: dict[str, Deployed] = {}
    for each in images:
        first = found.setdefault(called(each.name), each)
        if first is not each:
            message = f"the images '{first.name}' and '{each.name}' would both be {called(each.name)}"
            raise UsageError(message, "use another format")
    return found


def as_compose(images: tuple[Deployed, ...]) -> str:
    """Return an override file for compose: the image of each service that is called as the image is."""
    found = _by(images, lambda name: name.replace("/", "-"))
    return as_yaml({"services": {service: {"image": each.reference} for service, each in found.items()}})


def as_kustomize(images: tuple[Deployed, ...]) -> str:
    """Return the field ``images`` of a kustomization."""
    return as_yaml({"images": [_kustomized(each) for each in images]})


def _kustomized(each: Deployed) -> dict[str, str]:
    return {"name": each.repository} | ({"digest": each.digest} if each.digest else {"newTag": each.tag})


def as_helm(images: tuple[Deployed, ...]) -> str:
    """Return values for a chart: ``images.NAME`` with repository, tag and digest."""
    return as_yaml({"images": {each.name: _value(each) for each in images}})


def _value(each: Deployed) -> dict[str, Any]:
    return {"repository": each.repository, "tag": each.tag} | ({"digest": each.digest} if each.digest else {})


FORMATS: Mapping[str, Callable[[tuple[Deployed, ...]], str]] = {
    "env": as_env,
    "compose": as_compose,
    "kustomize": as_kustomize,
    "helm": as_helm,
}
