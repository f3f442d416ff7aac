"""Checked names: each function takes what a person wrote and gives back the name, or says what is wrong with it.

The grammars are those of the formats themselves: image references follow distribution/reference (`regexp.go`,
`normalize.go`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from mbuild import errors
from mbuild.errors import UsageError
from mbuild.values import dataclass

BUILDERS = ("auto", "buildx", "docker", "oci")
FILE_KINDS = ("file", "directory", "symlink", "absent")
TAG_FIELDS = ("branch", "commit", "fingerprint", "short_commit")
CONTENT_TAG_PREFIX = "mb-"
CONTENT_TAG_DIGITS = 20

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_HOST_PART = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_DIGEST_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_PATH_LIMIT = 255
_REFERENCE_LIMIT = 1024
_SHOWN_LIMIT = 60
_HUB = "docker.io"

IMAGE_NAME_PATTERN = f"^{_PATH}$"


class NameProblem(UsageError):  # noqa: N818 - a problem with a name; it is an error by its base
    """A name that breaks the grammar of its field."""


def quoted(text: str) -> str:
    """Return text from outside as a message shows it: in quotes, on one line, nothing unprintable, not too long."""
    return f"'{printable(text)}'"


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
        if self.domain != _HUB:
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
    return re.compile(rf"(?:({_DOMAIN})/)?({_PATH})(?::({_TAG}))?(?:@({_DIGEST}))?")


@lru_cache(maxsize=65536)
def parse_reference(text: str) -> Reference:
    """Return the normalised reference that Docker understands ``text`` as. Raises NameProblem when it is none."""
    if len(text) > _REFERENCE_LIMIT:
        raise NameProblem(f"{quoted(text)} is no image reference: longer than {_REFERENCE_LIMIT} characters")
    if re.fullmatch("[a-f0-9]{64}", text):
        raise NameProblem(f"{quoted(text)} is no image reference: 64 hex digits are an image id")
    domain, rest = _split_domain(text)
    match = _reference_pattern().fullmatch(f"{domain}/{rest}")
    if match is None:
        raise NameProblem(f"{quoted(text)} is no image reference", *_reference_hints(text))
    found = Reference(*(part or "" for part in match.groups()))
    if len(found.path) > _PATH_LIMIT:
        raise NameProblem(f"{quoted(text)} is no image reference: longer than {_PATH_LIMIT} characters")
    _check_digest(found.digest, text)
    return found


def _split_domain(text: str) -> tuple[str, str]:
    """Split as ``normalize.go`` does: what comes before the first slash is a host if it can be no namespace."""
    first, slash, rest = text.partition("/")
    if not slash:
        return _HUB, f"library/{text}"
    if first == "index.docker.io":
        first = _HUB
    if first != "localhost" and not set(".:") & set(first) and first == first.lower():
        first, rest = _HUB, text
    if first == _HUB and "/" not in rest:
        rest = f"library/{rest}"
    return first, rest


def _reference_hints(text: str) -> tuple[str, ...]:
    if "://" in text:
        return (f"leave {quoted(text.partition('://')[0] + '://')} out",)
    if text != text.lower() and _reference_pattern().fullmatch(text.lower()):
        return (f"a repository is lower case: {quoted(text.lower())}",)
    return ()


def _check_digest(digest: str, text: str) -> None:
    algorithm, _, digits = digest.partition(":")
    if digest and (len(digits) != _DIGEST_DIGITS.get(algorithm) or digits != digits.lower()):
        raise NameProblem(f"{quoted(text)} is no image reference: its digest is malformed")


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


def image_name(text: str) -> str:
    """Check the name of an image: a repository path, as in ``api`` or ``tools/lint``."""
    if re.fullmatch(_PATH, text):
        return text
    near = like_image_name(text)
    raise NameProblem(
        f"{quoted(text)} is no image name: lower-case letters and digits, with '.', '_', '-' or '/' between them",
        *([f"did you mean {quoted(near)}?"] if near else []),
    )


def like_image_name(text: str) -> str:
    """Return the name of an image that is nearest to a text, "" where nothing of it can be kept."""
    near = re.sub("[^a-z0-9/]+", lambda found: found[0] if re.fullmatch("[._]|__|-+", found[0]) else "-", text.lower())
    near = "/".join(part.strip("._-") for part in near.split("/"))
    return near if re.fullmatch(_PATH, near) else ""


def project_name(text: str) -> str:
    """Check the name of a project: a repository path whose first part cannot be read as a registry's host."""
    if not re.fullmatch(_PATH, text):
        raise NameProblem(
            f"{quoted(text)} is no project name: lower-case letters and digits, with '_', '-' between them"
        )
    if parse_reference(f"{text}/image").domain != _HUB:
        raise NameProblem(f"the project {quoted(text)} would be read as a registry", "use 'registry' for a registry")
    return text


def registry_prefix(text: str) -> str:
    """Check what stands before image names: ``registry.example.com/shop``, ``localhost:5000``, ``acme``."""
    bare = re.sub("^https?://", "", text).rstrip("/")
    try:
        parse_reference(f"{text}/image")
    except NameProblem:
        near = [f"did you mean {quoted(bare)}?"] if bare != text else []
        raise NameProblem(f"{quoted(text)} is no registry: HOST[:PORT][/PATH] is", *near) from None
    return text


def alias(text: str) -> str:
    """Check another name of an image: a reference without a digest."""
    if parse_reference(text).digest:
        raise NameProblem(f"the alias {quoted(text)} has a digest: nothing built here can have a digest beforehand")
    return text


def tag(text: str) -> str:
    """Check a tag: letters, digits, ``_``, ``.``, ``-``, at most 128; content tags are mbuild's own."""
    _check_tag(text, text)
    return text


def _check_tag(text: str, written: str) -> None:
    if not re.fullmatch(_TAG, text):
        hints = ("give the tag alone, without the image's name",) if re.search("[:/]", text) else ()
        raise NameProblem(
            f"{quoted(written)} is no tag: up to 128 letters, digits, '_', '.', '-', the first no '.' or '-'", *hints
        )
    if text.startswith(CONTENT_TAG_PREFIX):
        raise NameProblem(f"the tag {quoted(written)} is taken: '{CONTENT_TAG_PREFIX}…' says what an image is made of")


def tag_template(text: str) -> str:
    """Check a tag that may hold placeholders (TAG_FIELDS), as in ``v1-{short_commit}``."""
    for field in re.findall(r"\{([^{}]*)\}", text):
        if field not in TAG_FIELDS:
            known = ", ".join(f"{{{each}}}" for each in TAG_FIELDS)
            raise NameProblem(f"{quoted(text)}: unknown placeholder {quoted('{' + field + '}')}", f"known are {known}")
    _check_tag(re.sub(r"\{[a-z_]+\}", "x", text), text)
    return text


def fill_tag(template: str, values: Mapping[str, str]) -> str:
    """Return a tag with its placeholders filled; what a tag cannot hold (the ``/`` of a branch) becomes ``-``.

    values: for each of TAG_FIELDS in the template. Raises NameProblem when one is missing, or the result is no tag.
    """

    def fill(match: re.Match[str]) -> str:
        if not values.get(match[1]):
            raise NameProblem(
                f"the tag {quoted(template)} needs a {match[1].replace('_', ' ')}, and there is none here"
            )
        return re.sub(r"[^A-Za-z0-9_.-]", "-", values[match[1]])

    return tag(re.sub(r"\{([a-z_]+)\}", fill, tag_template(template)))


def content_tag(full_name: str, fingerprint: str) -> str:
    """Return ``NAME:mb-<first 20 hex of the fingerprint>``."""
    return f"{full_name}:{CONTENT_TAG_PREFIX}{fingerprint[:CONTENT_TAG_DIGITS]}"


def builder(text: str) -> str:
    """Check the name of a builder (BUILDERS)."""
    if text not in BUILDERS:
        from difflib import get_close_matches

        near = get_close_matches(text.lower(), BUILDERS, n=1)
        hints = [f"did you mean {quoted(each)}?" for each in near]
        raise NameProblem(f"{quoted(text)} is no builder; there are {', '.join(BUILDERS)}", *hints)
    return text


def secret_id(text: str) -> str:
    """Check the id of a secret; the grammar leaves out what would break ``--secret id=…,env=…`` apart."""
    if not re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*", text):
        raise NameProblem(f"{quoted(text)} is no secret id: letters, digits, '_', '.', '-'")
    return text


def variable_name(text: str) -> str:
    """Check the name of an environment variable."""
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", text):
        raise NameProblem(f"{quoted(text)} is no name of an environment variable")
    return text


def file_in_image(text: str) -> str:
    """Check the path of a file in an image: absolute, and written in the one way there is."""
    import posixpath

    if not text.startswith("/"):
        raise NameProblem(f"{quoted(text)} is no path in an image: it begins with '/'")
    plain = "/" + posixpath.normpath(text).lstrip("/")
    if plain != text:
        raise NameProblem(f"{quoted(text)} is not the shortest way to write that path", f"write {quoted(plain)}")
    return text


def file_mode(text: str) -> str:
    """Check the permission bits of a file, and return them as four octal digits."""
    if not re.fullmatch("0?[0-7]{3}|[0-7]{4}", text):
        raise NameProblem(f"{quoted(text)} is no mode: three or four octal digits, as in 0755")
    return text.rjust(4, "0")


def file_owner(text: str) -> str:
    """Check the owner of a file: ``UID`` or ``UID:GID``, in numbers, as the file system of an image has them."""
    if not re.fullmatch("[0-9]{1,10}(?::[0-9]{1,10})?", text, re.ASCII):
        raise NameProblem(f"{quoted(text)} is no owner: UID or UID:GID in numbers, as in 1000:1000")
    return text


def file_kind(text: str) -> str:
    """Check the kind of a file (FILE_KINDS)."""
    if text not in FILE_KINDS:
        raise NameProblem(f"{quoted(text)} is no type of a file; there are {', '.join(FILE_KINDS)}")
    return text


def time_limit(text: str) -> str:
    """Check how long something may take: a duration, and more than nothing."""
    from mbuild.durations import seconds

    try:
        if seconds(text):
            return text
    except ValueError:
        pass
    raise NameProblem(f"{quoted(text)} is no time limit: 90s, 1m30s or 2h")


def arg_name(text: str) -> str:
    """Check the name of a build argument: anything BuildKit can be given as ``NAME=VALUE``."""
    if not re.fullmatch(r"[^\s=\x00-\x1f\x7f]+", text):
        raise NameProblem(f"{quoted(text)} is no name of a build argument")
    return text
