"""Image references are read as Docker reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.errors import ExitCode
from mbuild.references import NameProblem, Reference, context_key, parse_reference, quoted, same_repository

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"

REFERENCES = {
    "ubuntu": ("docker.io", "library/ubuntu", "", ""),
    "ubuntu:22.04": ("docker.io", "library/ubuntu", "22.04", ""),
    "library/ubuntu": ("docker.io", "library/ubuntu", "", ""),
    "docker.io/ubuntu": ("docker.io", "library/ubuntu", "", ""),
    "index.docker.io/ubuntu": ("docker.io", "library/ubuntu", "", ""),
    "index.docker.io/acme/api": ("docker.io", "acme/api", "", ""),
    "docker.io/acme/api": ("docker.io", "acme/api", "", ""),
    "acme/api": ("docker.io", "acme/api", "", ""),
    "a/b/c": ("docker.io", "a/b/c", "", ""),
    "localhost/api": ("localhost", "api", "", ""),
    "localhost:5000/api:x": ("localhost:5000", "api", "x", ""),
    "localhost:5000": ("docker.io", "library/localhost", "5000", ""),
    "[::1]:5000/api": ("[::1]:5000", "api", "", ""),
    "127.0.0.1:5000/a/b": ("127.0.0.1:5000", "a/b", "", ""),
    "ghcr.io/org/a__b--c.d_e": ("ghcr.io", "org/a__b--c.d_e", "", ""),
    "Uppercase/lower": ("Uppercase", "lower", "", ""),
    "a_b.c/d": ("", "a_b.c/d", "", ""),
    f"api@{DIGEST}": ("docker.io", "library/api", "", DIGEST),
    f"ghcr.io/api:1@{DIGEST}": ("ghcr.io", "api", "1", DIGEST),
    "x:_A.b-" + "c" * 123: ("docker.io", "library/x", "_A.b-" + "c" * 123, ""),
    f"api@sha512:{HEX * 2}": ("docker.io", "library/api", "", f"sha512:{HEX * 2}"),
    "a" * 247: ("docker.io", "library/" + "a" * 247, "", ""),
}


@pytest.mark.parametrize(("text", "parts"), REFERENCES.items())
def test_a_reference_is_normalised(text: str, parts: tuple[str, str, str, str]) -> None:
    assert parse_reference(text) == Reference(*parts)


@pytest.mark.parametrize(
    ("text", "message", "hints"),
    [
        ("", "'' is no image reference", ()),
        ("Api", "'Api' is no image reference", ("a repository is lower case: 'api'",)),
        ("a/", "'a/' is no image reference", ()),
        ("/a", "'/a' is no image reference", ()),
        ("a//b", "'a//b' is no image reference", ()),
        ("a:", "'a:' is no image reference", ()),
        ("a:.x", "'a:.x' is no image reference", ()),
        ("a:" + "x" * 129, "'a:" + "x" * 57 + "…' is no image reference", ()),
        ("a\n", "'a\\n' is no image reference", ()),
        ("-a", "'-a' is no image reference", ()),
        ("a..b", "'a..b' is no image reference", ()),
        ("a___b", "'a___b' is no image reference", ()),
        ("é", "'é' is no image reference", ()),
        ("$X/a", "'$X/a' is no image reference", ()),
        ("https://ghcr.io/a", "'https://ghcr.io/a' is no image reference", ("leave 'https://' out",)),
        ("a@sha256:abc", "'a@sha256:abc' is no image reference", ()),
        (f"a@sha256:{HEX[:40]}", f"'a@sha256:{HEX[:40]}' is no image reference: its digest is malformed", ()),
        (
            f"a@sha256:{HEX.upper()}",
            f"'a@sha256:{HEX.upper()[:50]}…' is no image reference: its digest is malformed",
            (),
        ),
        (f"a@md5:{HEX[:32]}", f"'a@md5:{HEX[:32]}' is no image reference: its digest is malformed", ()),
        (HEX, f"'{HEX[:59]}…' is no image reference: 64 hex digits are an image id", ()),
        ("me:s3cret@a.io/x", "'***@a.io/x' is no image reference", ()),
        ("Me:s3:cr@t@a.io/x", "'***@a.io/x' is no image reference", ()),
        (f"me:s3cret@a.io@sha256:{HEX}", f"'***@a.io@sha256:{HEX[:43]}…' is no image reference", ()),
        (f"a.io:80/é@sha256:{HEX}", f"'a.io:80/é@sha256:{HEX[:42]}…' is no image reference", ()),
        ("oci://me:s3cret@a.io", "'oci://***@a.io' is no image reference", ("leave 'oci://' out",)),
        ("a" * 248, "'" + "a" * 59 + "…' is no image reference: longer than 255 characters", ()),
    ],
)
def test_what_is_no_reference_is_refused(text: str, message: str, hints: tuple[str, ...]) -> None:
    with pytest.raises(NameProblem) as caught:
        parse_reference(text)
    assert (caught.value.problems[0].message, caught.value.problems[0].hints) == (message, hints)
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "full", "familiar", "familiar_text"),
    [
        ("ubuntu:1", "docker.io/library/ubuntu:1", "ubuntu", "ubuntu:1"),
        ("acme/api", "docker.io/acme/api", "acme/api", "acme/api"),
        ("library/a/b", "docker.io/library/a/b", "library/a/b", "library/a/b"),
        ("ghcr.io/library/a", "ghcr.io/library/a", "ghcr.io/library/a", "ghcr.io/library/a"),
        (f"a:1@{DIGEST}", f"docker.io/library/a:1@{DIGEST}", "a", f"a:1@{DIGEST}"),
        ("a_b.c/d:1", "a_b.c/d:1", "a_b.c/d", "a_b.c/d:1"),
    ],
)
def test_a_reference_has_a_full_and_a_familiar_form(text: str, full: str, familiar: str, familiar_text: str) -> None:
    reference = parse_reference(text)
    assert (str(reference), reference.familiar, reference.familiar_text) == (full, familiar, familiar_text)


@given(st.sampled_from(sorted(REFERENCES)))
def test_both_forms_of_a_reference_read_as_the_same_reference(text: str) -> None:
    reference = parse_reference(text)
    assert parse_reference(str(reference)) == reference
    assert parse_reference(reference.familiar_text) == reference


@given(st.text(st.sampled_from("aA0._-/:@[]é \n"), max_size=30))
def test_any_text_is_a_reference_or_a_problem(text: str) -> None:
    try:
        reference = parse_reference(text)
    except NameProblem:
        return
    assert parse_reference(str(reference)) == reference


def test_a_hostile_reference_is_refused_without_searching() -> None:
    for text in ("a" * 1025, "a." * 1_000_000 + "/x", "a.b/" + "a__" * 1_000_000):
        with pytest.raises(NameProblem, match=r"is no image reference: longer than 1024 characters$"):
            parse_reference(text)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("redis", "docker.io/library/redis:7", True),
        (f"redis@{DIGEST}", "redis:6", True),
        ("redis", "acme/redis", False),
        ("redis", "NOT VALID", False),
        ("NOT VALID", "NOT VALID", False),
    ],
)
def test_repositories_are_compared_without_tag_and_digest(a: str, b: str, same: bool) -> None:
    assert same_repository(a, b) is same


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("alpine:latest", "alpine"),
        ("docker.io/library/alpine", "alpine"),
        ("alpine:3", "alpine:3"),
        ("ghcr.io/a:latest", "ghcr.io/a"),
        ("Not A Name:latest", "Not A Name:latest"),
    ],
)
def test_named_contexts_are_compared_as_buildkit_does(name: str, key: str) -> None:
    assert context_key(name) == key


@given(st.text())
def test_quoted_text_is_one_short_printable_line(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= 2 + 60 * len("\\U00000000")


def test_quoted_text_keeps_what_can_be_printed() -> None:
    assert quoted("a é\n\x1b[31m\udcff") == "'a é\\n\\x1b[31m\\xff'"
    assert quoted("x" * 60) == "'" + "x" * 60 + "'"
    assert quoted("x" * 61) == "'" + "x" * 59 + "…'"
