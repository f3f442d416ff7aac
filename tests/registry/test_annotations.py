"""Annotations of manifests, and what manifests say of an image."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mbuild.registry.annotations import BASE_DIGEST, BASE_NAME, EXTERNAL, annotated, annotations_of, bases_in, of_bases
from mbuild.registry.manifest import Manifest

D = f"sha256:{'1' * 64}"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"


def manifest(value: Any, media_type: str = DOCKER) -> Manifest:
    return Manifest.of(json.dumps(value).encode(), media_type)


IMAGE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": DOCKER,
    "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": D, "size": 10},
    "layers": [
        {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": f"sha256:{n * 64}", "size": 5}
        for n in "223"
    ],
}


def test_dockers_format_becomes_that_of_oci_with_the_same_blobs() -> None:
    found = annotated(manifest(IMAGE), {"a": "b"})
    value = json.loads(found.data)
    assert (found.media_type, value["mediaType"], value["annotations"]) == (OCI, OCI, {"a": "b"})
    assert value["config"] == {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": D, "size": 10}
    assert {each["mediaType"] for each in value["layers"]} == {"application/vnd.oci.image.layer.v1.tar+gzip"}
    assert [each["digest"] for each in value["layers"]] == [each["digest"] for each in IMAGE["layers"]]
    assert annotated(found, {"a": "b"}) == found
    assert json.loads(annotated(found, {"c": "d"}).data)["annotations"] == {"a": "b", "c": "d"}


def test_without_annotations_nothing_changes() -> None:
    assert annotated(manifest(IMAGE), {}) == manifest(IMAGE)


def test_an_index_is_annotated_itself() -> None:
    index = {"schemaVersion": 2, "manifests": [{"mediaType": DOCKER, "digest": D, "size": 3}]}
    found = annotated(manifest(index, "application/vnd.docker.distribution.manifest.list.v2+json"), {"a": "b"})
    assert found.media_type == "application/vnd.oci.image.index.v1+json"
    assert json.loads(found.data)["manifests"] == index["manifests"]


def test_bases_are_read_as_they_were_written() -> None:
    used = {"docker.io/library/alpine:3.20": D, "b:1": D}
    found = of_bases(used, "docker.io/library/alpine:3.20")
    assert (found[BASE_NAME], found[BASE_DIGEST]) == ("docker.io/library/alpine:3.20", D)
    assert bases_in(found) == used
    assert BASE_NAME not in of_bases(used, "")
    assert of_bases({}, "") == {}


@pytest.mark.parametrize("text", ["", "[]", "1", "{", '{"a": 1, "b": "md5:1"}', "[" * 10_000])
def test_other_annotations_of_that_name_count_as_absent(text: str) -> None:
    assert bases_in({EXTERNAL: text}) == {}


@pytest.mark.parametrize("value", [{}, {"annotations": None}, {"annotations": ["a"]}, {"annotations": {"a": 1}}])
def test_annotations_that_are_none(value: Any) -> None:
    assert annotations_of(manifest(value)) == {}
    assert annotations_of(annotated(manifest(value), {"b": "1"})) == {"b": "1"}


def test_annotations_are_read() -> None:
    assert annotations_of(annotated(manifest(IMAGE), {"a": "b"})) == {"a": "b"}
