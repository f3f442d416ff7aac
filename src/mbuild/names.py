"""Checked names: each function takes what a person wrote and gives back the name, or says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mbuild.references import HUB, PATH, TAG, NameProblem, parse_reference, quoted, quoted_reference

BUILDERS = ("auto", "buildx", "docker", "oci")
FILE_KINDS = ("file", "directory", "symlink", "absent")
TAG_FIELDS = ("branch", "commit", "fingerprint", "short_commit")
CONTENT_TAG_PREFIX = "mb-"
CONTENT_TAG_DIGITS = 20

IMAGE_NAME_PATTERN = f"^{PATH}$"


def image_name(text: str) -> str:
    """Check the name of an image: a repository path, as in ``api`` or ``tools/lint``."""
    if re.fullmatch(PATH, text):
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
    return near if re.fullmatch(PATH, near) else ""


def project_name(text: str) -> str:
    """Check the name of a project: a repository path whose first part cannot be read as a registry's host."""
    if not re.fullmatch(PATH, text):
        raise NameProblem(
            f"{quoted(text)} is no project name: lower-case letters and digits, with '_', '-' between them"
        )
    if parse_reference(f"{text}/image").domain != HUB:
        raise NameProblem(f"the project {quoted(text)} would be read as a registry", "use 'registry' for a registry")
    return text


def registry_prefix(text: str) -> str:
    """Check what stands before image names: ``registry.example.com/shop``, ``localhost:5000``, ``acme``."""
    bare = re.sub("^https?://", "", text).rstrip("/").rpartition("@")[2]
    try:
        parse_reference(f"{text}/image")
    except NameProblem:
        near = [f"did you mean {quoted(bare)}?"] if bare != text else []
        raise NameProblem(f"{quoted_reference(text)} is no registry: HOST[:PORT][/PATH] is", *near) from None
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
    if not re.fullmatch(TAG, text):
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
