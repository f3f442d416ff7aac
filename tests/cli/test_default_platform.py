"""DOCKER_DEFAULT_PLATFORM: what an image reads is that of the platform that it is built for, remembered or not."""

from __future__ import annotations

import pytest

from tests.support import Repo

DOCKERFILE = "FROM scratch\nARG TARGETARCH\nCOPY for-$TARGETARCH /\n"
CONFIG = (
    "version: 1\nproject: shop\nimages:\n  one: {}\n  said: {dockerfile: one/Dockerfile, platforms: [linux/s390x]}\n"
)


@pytest.mark.parametrize("whole", [True, False], ids=["between commits", "work tree"])
@pytest.mark.parametrize("found", [True, False], ids=["without build.yaml", "build.yaml"])
def test_what_is_affected(repo: Repo, monkeypatch: pytest.MonkeyPatch, whole: bool, found: bool) -> None:
    """Asked again and again, in turn with others: what is remembered of one platform is nothing to another."""
    files = {f"one/for-{arch}": "a" for arch in ("amd64", "arm64", "s390x")}
    if not found:
        files["build.yaml"] = CONFIG
    repo.commit({"one/Dockerfile": DOCKERFILE, **files})
    edit = {"one/for-arm64": "b"} | ({} if found else {"build.yaml": f"{CONFIG}# a comment: it is read again\n"})
    repo.write(edit)
    if whole:
        repo.commit(edit)
    trees = ("--base", "HEAD~1", "--head", "HEAD") if whole else ("--base", "HEAD")
    asked = ("affected", "--list", "--format", "json", *trees)
    for _ in range(2):
        for platform, expected in (
            ("linux/arm64", {"one"}),
            ("linux/amd64", set()),
            ("linux/aarch64", {"one"}),
            ("linux/s390x", set()),
        ):
            monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", platform)
            assert repo.mbuild(*asked).affected() == expected
    assert repo.mbuild(*asked, "--platform", "linux/s390x").affected() == set()
