"""Names: the grammar of containerd/platforms, and our own fields."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mbuild import names
from mbuild.platforms import of_machine, parse_platform, platform
from mbuild.references import NameProblem, quoted

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("linux/amd64", ("linux", "amd64", "")),
        ("Linux/X86_64", ("linux", "amd64", "")),
        ("linux/x86-64/v1", ("linux", "amd64", "")),
        ("linux/amd64/v3", ("linux", "amd64", "v3")),
        ("linux/aarch64", ("linux", "arm64", "")),
        ("linux/arm64/v8", ("linux", "arm64", "")),
        ("linux/arm64/9.0", ("linux", "arm64", "v9")),
        ("linux/arm64/V8.1", ("linux", "arm64", "v8.1")),
        ("linux/arm", ("linux", "arm", "v7")),
        ("linux/arm/7", ("linux", "arm", "v7")),
        ("linux/arm/6", ("linux", "arm", "v6")),
        ("linux/arm/v6", ("linux", "arm", "v6")),
        ("linux/armhf", ("linux", "arm", "v7")),
        ("linux/armel/v9", ("linux", "arm", "v6")),
        ("linux/i386/x", ("linux", "386", "")),
        ("macos/arm64", ("darwin", "arm64", "")),
        ("windows/amd64", ("windows", "amd64", "")),
        ("linux/riscv64", ("linux", "riscv64", "")),
        ("future/arch9/v1", ("future", "arch9", "v1")),
        ("aarch64", ("linux", "arm64", "")),
        ("arm", ("linux", "arm", "v7")),
        ("mips64le", ("linux", "mips64le", "")),
        ("Windows(10.0.17763+A_b)/AMD64", ("windows(10.0.17763+A_b)", "amd64", "")),
    ],
)
def test_a_platform_is_normalised(text: str, parts: tuple[str, str, str]) -> None:
    assert parse_platform(text) == parts
    assert parse_platform(platform(text)) == parts


def test_a_system_alone_has_the_native_architecture() -> None:
    assert parse_platform("linux", "arm64") == ("linux", "arm64", "")
    assert parse_platform("MacOS", "amd64") == ("darwin", "amd64", "")
    assert parse_platform("arm", "amd64") == ("linux", "arm", "v7")
    with pytest.raises(NameProblem):
        parse_platform("beos", "amd64")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "linux",
        "linux(1/amd64",
        "win.dows/amd64",
        "linux/amd(64)",
        "linux/",
        "/amd64",
        "a/b/c/d",
        "linux/am d",
        "*",
        "local",
        "linux/amd64\n",
    ],
)
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(NameProblem) as caught:
        platform(text)
    expected = f"{quoted(text)} is no platform: OS/ARCH[/VARIANT] is, as in linux/arm64"
    assert caught.value.problems[0].message == expected


ACCEPTED: list[tuple[Callable[[str], str], list[str]]] = [
    (names.image_name, ["api", "a.b", "a-b", "a--b", "a_b", "a__b", "tools/lint", "0", "pytorch-notebook.cuda12"]),
    (names.project_name, ["shop", "acme/shop", "a-b"]),
    (names.registry_prefix, ["registry.example.com/shop", "localhost:5000", "acme", "ghcr.io", "[::1]:5000/x"]),
    (names.alias, ["acme/api", "ghcr.io/open-telemetry/demo:latest-traceBasedTests"]),
    (names.tag, ["latest", "1.2.3", "_x", "A", "x" * 128]),
    (names.tag_template, ["{commit}", "v1-{short_commit}", "{branch}.{fingerprint}", "latest"]),
    (names.builder, ["auto", "buildx", "docker", "oci"]),
    (names.secret_id, ["npm", "a.b-c_d", ".npmrc"]),
    (names.variable_name, ["NPM_TOKEN", "_x9"]),
    (names.arg_name, ["PYTHON", "a-b", "BUILDKIT_SYNTAX", "é"]),
]


def test_good_names_pass_unchanged() -> None:
    seen = [check(text) == text for check, texts in ACCEPTED for text in texts]
    assert len(seen) > 30
    assert all(seen)


IMAGE_RULE = "lower-case letters and digits, with '.', '_', '-' or '/' between them"
TAG_RULE = "up to 128 letters, digits, '_', '.', '-', the first no '.' or '-'"
KNOWN = "known are {branch}, {commit}, {fingerprint}, {short_commit}"


@pytest.mark.parametrize(
    ("check", "text", "message", "hints"),
    [
        (names.image_name, "API", f"'API' is no image name: {IMAGE_RULE}", ("did you mean 'api'?",)),
        (names.image_name, "My App__x", f"'My App__x' is no image name: {IMAGE_RULE}", ("did you mean 'my-app__x'?",)),
        (names.image_name, "a..b", f"'a..b' is no image name: {IMAGE_RULE}", ("did you mean 'a-b'?",)),
        (names.image_name, "_base-", f"'_base-' is no image name: {IMAGE_RULE}", ("did you mean 'base'?",)),
        (names.image_name, "/", f"'/' is no image name: {IMAGE_RULE}", ()),
        (names.image_name, "", f"'' is no image name: {IMAGE_RULE}", ()),
        (names.image_name, "a\n", f"'a\\n' is no image name: {IMAGE_RULE}", ("did you mean 'a'?",)),
        (names.image_name, "a:1", f"'a:1' is no image name: {IMAGE_RULE}", ("did you mean 'a-1'?",)),
        (
            names.project_name,
            "My",
            "'My' is no project name: lower-case letters and digits, with '_', '-' between them",
            (),
        ),
        (
            names.project_name,
            "a.b",
            "the project 'a.b' would be read as a registry",
            ("use 'registry' for a registry",),
        ),
        (
            names.project_name,
            "localhost",
            "the project 'localhost' would be read as a registry",
            ("use 'registry' for a registry",),
        ),
        (
            names.registry_prefix,
            "https://a.io/",
            "'https://a.io/' is no registry: HOST[:PORT][/PATH] is",
            ("did you mean 'a.io'?",),
        ),
        (
            names.registry_prefix,
            "https://me:s3cret@a.io/x",
            "'https://***@a.io/x' is no registry: HOST[:PORT][/PATH] is",
            ("did you mean 'a.io/x'?",),
        ),
        (
            names.registry_prefix,
            "me:s3cret@a.io",
            "'***@a.io' is no registry: HOST[:PORT][/PATH] is",
            ("did you mean 'a.io'?",),
        ),
        (names.registry_prefix, "a.io/x:1", "'a.io/x:1' is no registry: HOST[:PORT][/PATH] is", ()),
        (names.alias, "A B", "'A B' is no image reference", ()),
        (
            names.alias,
            f"a@{DIGEST}",
            f"the alias 'a@{DIGEST[:57]}…' has a digest: nothing built here can have a digest beforehand",
            (),
        ),
        (
            names.tag,
            "a:b",
            f"'a:b' is no tag: {TAG_RULE}",
            ("give the tag alone, without the image's name",),
        ),
        (names.tag, ".a", f"'.a' is no tag: {TAG_RULE}", ()),
        (names.tag, "a\n", f"'a\\n' is no tag: {TAG_RULE}", ()),
        (names.tag, "x" * 129, f"'{'x' * 59}…' is no tag: {TAG_RULE}", ()),
        (names.tag, "mb-1", "the tag 'mb-1' is taken: 'mb-…' says what an image is made of", ()),
        (names.tag_template, "{comit}", "'{comit}': unknown placeholder '{comit}'", (KNOWN,)),
        (names.tag_template, "{}", "'{}': unknown placeholder '{}'", (KNOWN,)),
        (names.tag_template, "{commit", f"'{{commit' is no tag: {TAG_RULE}", ()),
        (names.tag_template, "mb-{commit}", "the tag 'mb-{commit}' is taken: 'mb-…' says what an image is made of", ()),
        (
            names.builder,
            "Bildx",
            "'Bildx' is no builder; there are auto, buildx, docker, oci",
            ("did you mean 'buildx'?",),
        ),
        (names.builder, "zzz", "'zzz' is no builder; there are auto, buildx, docker, oci", ()),
        (names.secret_id, "a,src=/etc", "'a,src=/etc' is no secret id: letters, digits, '_', '.', '-'", ()),
        (names.secret_id, "-x", "'-x' is no secret id: letters, digits, '_', '.', '-'", ()),
        (names.variable_name, "A-B", "'A-B' is no name of an environment variable", ()),
        (names.arg_name, "A=B", "'A=B' is no name of a build argument", ()),
        (names.arg_name, "", "'' is no name of a build argument", ()),
        (names.arg_name, "A\x01", "'A\\x01' is no name of a build argument", ()),
    ],
)
def test_bad_names_say_why(check: Callable[[str], str], text: str, message: str, hints: tuple[str, ...]) -> None:
    with pytest.raises(NameProblem) as caught:
        check(text)
    assert (caught.value.problems[0].message, caught.value.problems[0].hints) == (message, hints)


def test_a_content_tag_holds_the_first_twenty_digits() -> None:
    assert names.content_tag("registry.example.com/shop/api", HEX) == f"registry.example.com/shop/api:mb-{HEX[:20]}"


def test_placeholders_of_a_tag_are_filled() -> None:
    values = {"commit": "c" * 40, "branch": "feature/ä b", "short_commit": "", "fingerprint": "f"}
    assert names.fill_tag("v1-{commit}", values) == "v1-" + "c" * 40
    assert names.fill_tag("{branch}_{fingerprint}", values) == "feature---b_f"
    assert names.fill_tag("latest", {}) == "latest"


@pytest.mark.parametrize(
    ("template", "values", "message"),
    [
        ("{short_commit}", {}, "the tag '{short_commit}' needs a short commit, and there is none here"),
        ("{branch}", {"branch": ""}, "the tag '{branch}' needs a branch, and there is none here"),
        ("{branch}", {"branch": "/x"}, f"'-x' is no tag: {TAG_RULE}"),
        ("{branch}", {"branch": "mb-x"}, "the tag 'mb-x' is taken: 'mb-…' says what an image is made of"),
    ],
)
def test_a_tag_that_cannot_be_filled_is_a_problem(template: str, values: dict[str, str], message: str) -> None:
    with pytest.raises(NameProblem) as caught:
        names.fill_tag(template, values)
    assert caught.value.problems[0].message == message


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("x86_64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("", "linux/amd64"),
        ("i686", "linux/386"),
        ("aarch64", "linux/arm64"),
        ("arm64", "linux/arm64"),
        ("armv5tejl", "linux/arm/v5"),
        ("armv6l", "linux/arm/v6"),
        ("armv7l", "linux/arm/v7"),
        ("armv8l", "linux/arm/v7"),
        ("ppc64le", "linux/ppc64le"),
        ("s390x", "linux/s390x"),
        ("riscv64", "linux/riscv64"),
        ("loongarch64", "linux/loong64"),
    ],
)
def test_platforms_of_machines(machine: str, expected: str) -> None:
    assert of_machine(machine) == expected
