"""Image references as Docker reads them, and how names from outside are shown.

The grammar is that of distribution/reference (`regexp.go`, `normalize.go`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from mbuild import errors
from mbuild.errors import UsageError
from mbuild.values import dataclass

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
"""The path of a repository."""
_HOST_PART = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
"""A tag."""
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_DIGEST_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_PATH_LIMIT = 255
_REFERENCE_LIMIT = 1024
_SHOWN_LIMIT = 60
_ID_DIGITS = 64
HUB = "docker.io"
"""The registry of a reference that names none."""


class NameProblem(UsageError):  # noqa: N818 - a problem with a name; it is an error by its base
    """A name that breaks the grammar of its field."""


def quoted(text: str) -> str:
    """Return text from outside as a message shows it: in quotes, on one line, nothing unprintable, not too long."""
    return f"'{printable(text)}'"


def quoted_reference(text: str) -> str:
    """Return what is no reference in quotes, without what stands before the host as in a URL, which may be a password.

    A digest after ``@`` is that of a reference.
    """
    scheme = re.match("(?:[A-Za-z][A-Za-z0-9+.-]*://|docker-image:|oci-layout:)?", text)
    begin, at = scheme.end() if scheme else 0, text.rfind("@")
    if at >= 0 and re.match(_DIGEST, text[at + 1 :]):
        at = text.rfind("@", 0, at)
    return quoted(f"{text[:begin]}{errors.HIDDEN}{text[at:]}" if ":" in text[begin : max(at, begin)] else text)


def printable(text: str) -> str:
    """Return text from outside on one line, nothing unprintable, not too long, and without the password of a URL."""
    text = errors.without_credentials(text)
    short = text if len(text) <= _SHOWN_LIMIT else text[: _SHOWN_LIMIT - 1] + "…"
    return errors.printable(short)


@dataclass(frozen=True, slots=True)
class Reference:
    """An image reference in normalised form: ``ubuntu`` is domain ``docker.io``, path ``library/ubuntu``.

    tag and digest are "" where the text has none. domain is "" for the odd text that distribution/reference reads as a
    path alone although it looks like a host, as in ``a_b.c/d``.
    """

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """The normalised name without tag and digest."""
        return f"{self.domain}/{self.path}" if self.domain else self.path

    @property
    def familiar(self) -> str:
        """The name as Docker shows it, without tag and digest: ``docker.io`` and ``library`` left out."""
        if self.domain != HUB:
            return self.repository
        short = self.path.removeprefix("library/")
        return self.path if "/" in short else short

    @property
    def familiar_text(self) -> str:
        """The familiar name with tag and digest, as in ``alpine:3.20``."""
        return self.familiar + self._ending

    def __str__(self) -> str:
        return self.repository + self._ending

    @property
    def _ending(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


@lru_cache(maxsize=1)
def _reference_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?:({_DOMAIN})/)?({PATH})(?::({TAG}))?(?:@({_DIGEST}))?")


@lru_cache(maxsize=65536)
def parse_reference(text: str) -> Reference:
    """Return the normalised reference that Docker understands ``text`` as. Raises NameProblem when it is none."""
    if len(text) > _REFERENCE_LIMIT:
        raise NameProblem(f"{quoted_reference(text)} is no image reference: longer than {_REFERENCE_LIMIT} characters")
    if len(text) == _ID_DIGITS and re.fullmatch("[a-f0-9]+", text):
        raise NameProblem(f"{quoted_reference(text)} is no image reference: {_ID_DIGITS} hex digits are an image id")
    domain, rest = _split_domain(text)
    match = _reference_pattern().fullmatch(f"{domain}/{rest}")
    if match is None:
        raise NameProblem(f"{quoted_reference(text)} is no image reference", *_reference_hints(text))
    found = Reference(*match.groups(""))
    if len(found.path) > _PATH_LIMIT:
        raise NameProblem(f"{quoted_reference(text)} is no image reference: longer than {_PATH_LIMIT} characters")
    if found.digest:
        _check_digest(found.digest, text)
    return found


def _split_domain(text: str) -> tuple[str, str]:
    """Split as ``normalize.go`` does: what comes before the first slash is a host if it can be no namespace."""
    first, slash, rest = text.partition("/")
    if not slash:
        return HUB, f"library/{text}"
    if first == "index.docker.io":
        first = HUB
    if first != "localhost" and not set(".:") & set(first) and first == first.lower():
        first, rest = HUB, text
    if first == HUB and "/" not in rest:
        rest = f"library/{rest}"
    return first, rest


def _reference_hints(text: str) -> tuple[str, ...]:
    if "://" in text:
        return (f"leave {quoted(text.partition('://')[0] + '://')} out",)
    if text != text.lower() and _reference_pattern().fullmatch(text.lower()):
        return (f"a repository is lower case: {quoted_reference(text.lower())}",)
    return ()


def _check_digest(digest: str, text: str) -> None:
    algorithm, _, digits = digest.partition(":")
    if len(digits) != _DIGEST_DIGITS.get(algorithm) or digits != digits.lower():
        raise NameProblem(f"{quoted_reference(text)} is no image reference: its digest is malformed")


def same_repository(a: str, b: str) -> bool:
    """Return whether two references name one repository, tag and digest set aside; False where one is no reference."""
    try:
        return parse_reference(a).repository == parse_reference(b).repository
    except NameProblem:
        return False


def context_key(name: str) -> str:
    """Return the form in which BuildKit compares the names of named contexts: familiar, ``:latest`` dropped.

    Source: ``frontend/dockerui/config.go``, and buildx, which normalises the names it is given in the same way.
    What is no reference is compared as it is written.
    """
    try:
        return parse_reference(name).familiar_text.removesuffix(":latest")
    except NameProblem:
        return name
