from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mbuild.audit.image import File, Image, Root, differences, makers_of, settings_of

FILE = File("file", 0o644, 0, 0, "", 1, "aa" * 32)


def image(id_: str, files: Mapping[str, File], settings: Mapping[str, Any] | None = None) -> Image:
    root = Root(files, dict.fromkeys(files, 0), ("COPY . /",))
    return Image(id_, (id_,), settings or {}, lambda: root)


def unread() -> Root:
    raise AssertionError("there is no need to read files")


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (FILE._replace(kind="folder"), "/f: file → folder"),
        (FILE._replace(target="x"), "/f: to  → to x"),
        (FILE._replace(mode=0o755), "/f: mode 0644 → mode 0755"),
        (FILE._replace(uid=7), "/f: owner 0:0 → owner 7:0"),
        (FILE._replace(gid=7), "/f: owner 0:0 → owner 0:7"),
        (FILE._replace(size=2, digest="bb" * 32), "/f: 1 bytes, sha256 aaaaaaaaaaaa → 2 bytes, sha256 bbbbbbbbbbbb"),
        (FILE._replace(attributes=(("a", "b"),)), "/f: attributes {} → attributes {'a': 'b'}"),
    ],
)
def test_each_attribute_counts(new: File, said: str) -> None:
    (found,) = differences(image("1", {"f": FILE}), image("2", {"f": new}))
    assert (str(found), found.made_by) == (said, "COPY . /")


def test_what_is_only_on_one_side() -> None:
    found = differences(image("1", {"a": FILE, "both": FILE}), image("2", {"b": FILE, "both": FILE}))
    assert [str(each) for each in found] == ["/a: file → absent", "/b: absent → file"]
    assert [each.made_by for each in found] == ["COPY . /"] * 2


def test_files_are_read_only_where_layers_differ() -> None:
    one, two = Image("1", ("l",), {"User": "u"}, unread), Image("1", ("other",), {}, unread)
    assert differences(one, two) == ()
    told = Image("2", ("l",), {"Env": ["A=b"], "User": "u"}, unread)
    assert [str(each) for each in differences(one, told)] == ["setting Env: absent → ['A=b']"]


def test_settings_leave_out_dates_and_our_own_labels() -> None:
    inner = {
        "Env": ["A=b"],
        "Labels": {"dev.mbuild.image": "x", "own": "y"},
        "Hostname": "h",
        "Cmd": [],
        "WorkingDir": "",
    }
    found = settings_of({"created": "now", "architecture": "amd64", "config": inner})
    assert {key: each for key, each in found.items() if each is not None} == {
        "Env": ["A=b"],
        "Labels": {"own": "y"},
        "WorkingDir": "/",
        "architecture": "amd64",
    }
    engine = {
        "Created": "then",
        "Architecture": "amd64",
        "Config": {**inner, "Labels": {"own": "y"}, "WorkingDir": "/"},
    }
    assert settings_of(engine) == found
    assert settings_of({})["Labels"] is None


def test_makers_are_those_of_layers() -> None:
    history = [{"created_by": "ENV A=b", "empty_layer": True}, {"created_by": "COPY . / # buildkit"}, {}]
    assert makers_of({"history": history}, 2) == ("COPY . /", "")
    assert makers_of({"history": history}, 3) == ()
    assert makers_of({}, 1) == ()
    assert Root({}, {"f": 4}, ("a",)).maker("f") == Root({}, {}).maker("f") == ""
