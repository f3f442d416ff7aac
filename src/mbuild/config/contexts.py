"""The values of ``contexts``: what a named context stands for. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from mbuild.config.findings import near, nearest
from mbuild.config.paths import from_root
from mbuild.errors import Where, without_credentials
from mbuild.images import NamedContext
from mbuild.references import NameProblem, parse_reference, quoted, quoted_reference

_LOCAL = ("image", "service", "target")
_ELSEWHERE = ("docker-image", "git", "http", "https", "oci-layout", "ssh")
_IMAGE = re.compile(f"(?:{'|'.join(_LOCAL)}):(?!//)(.*)", re.DOTALL)
_SCHEME = re.compile("([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_REMOTE = ("https://", "http://", "git://", "ssh://", "git@", "github.com/")


def parse_context(name: str, written: str, folder: str, images: Collection[str], where: Where) -> NamedContext:
    """Return the named context that a value means.

    ``image:NAME`` is an image of this repository, and so are bake's ``target:NAME`` and compose's ``service:NAME``.
    images: the names there are. Raises NameProblem.
    """
    if without_credentials(written) != written:
        raise NameProblem(
            f"{quoted(written)} has a password or token in it, which every builder would be given as an argument",
            "leave it out; for git, BuildKit takes it from a secret: secrets: [{id: GIT_AUTH_TOKEN, env: NAME}]",
        )
    if match := _IMAGE.fullmatch(written):
        return NamedContext(name, "image", known_image(match[1], images), where)
    if written.startswith(_REMOTE):
        return NamedContext(name, "external", written, where)
    scheme = _SCHEME.fullmatch(written)
    if scheme is None:
        return NamedContext(name, "folder", from_root(folder, written), where)
    _check_scheme(scheme[1], scheme[2], written)
    return NamedContext(name, "external", written, where)


def known_image(name: str, images: Collection[str]) -> str:
    """Return the name of an image; raises NameProblem when there is none of this name."""
    if name not in images:
        raise NameProblem(f"there is no image {quoted(name)}", *near(name, sorted(images)))
    return name


def _check_scheme(scheme: str, rest: str, written: str) -> None:
    reference = rest.removeprefix("//")
    if scheme == "docker-image" and rest.startswith("//"):
        if reference != "scratch":
            parse_reference(reference)
        return
    if scheme == "oci-layout" and rest.startswith("//"):
        # An OCI layout without a digest is a folder that may change while the text stays the same.
        if not re.search("@sha256:[0-9a-f]{64}$", reference):
            raise NameProblem(
                f"{quoted_reference(written)} has no digest, so a change of it could not be seen", "add '@sha256:…'"
            )
        return
    if scheme in ("docker-image", "oci-layout"):
        hint = f"did you mean {quoted_reference(f'{scheme}://{reference}')}?"
        raise NameProblem(f"{quoted_reference(written)} lacks '//'", hint)
    meant = nearest(scheme, (*_LOCAL, *_ELSEWHERE))
    hints = [f"did you mean {quoted(meant + (':' if meant in _LOCAL else '://') + reference)}?"] if meant else []
    hints.append(f"a folder: {quoted('./' + written)}")
    raise NameProblem(f"{quoted(written)} is no context that mbuild knows", *hints)
