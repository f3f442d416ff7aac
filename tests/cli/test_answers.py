"""The commands that only look, on a real repository."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import jsonschema
import pytest

from tests.cli.shop import CONFIG, FILES
from tests.support import Repo, mbuild

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"
EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""git's tree of nothing."""


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    return repo


def valid(value: object, name: str) -> None:
    jsonschema.validate(value, json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def test_nothing_changed_since_the_last_commit(shop: Repo) -> None:
    shop.commit({"README.md": "other\n"})
    answer = shop.mbuild("affected", "--list")
    assert answer.code == 0
    assert "0 of 3 images affected" in answer.out
    assert "1 changed path that no image reads: README.md" in answer.out
    assert answer.err == ""


def test_an_edit_of_a_library_affects_the_image_that_reads_it(shop: Repo) -> None:
    shop.write({"libs/money/money.py": "VAT = 25\n"})
    answer = shop.mbuild("affected", "--base", "HEAD", "--list", "--format", "json")
    valid(answer.json, "plan")
    assert answer.affected() == {"api"}
    assert answer.image("api")["reasons"] == [
        {"kind": "file-changed", "path": "libs/money/money.py", "change": "modified", "where": "api/Dockerfile:2"}
    ]
    assert answer.json["head"]["dirty"] is True
    assert not {"order", "action"} & (answer.json.keys() | answer.image("api").keys())


def test_a_commit_is_compared_without_a_checkout(shop: Repo) -> None:
    first = shop.git("rev-parse", "HEAD")
    second = shop.commit({"base/etc/os": "2\n"})
    shop.git("checkout", "-q", first)
    answer = shop.mbuild(
        "affected", "--base", first, "--head", second, "--dry-run", "--builder", "oci", "--format", "json"
    )
    valid(answer.json, "plan")
    assert answer.affected() == {"api", "base"}
    assert answer.json["order"] == [["base"], ["api"]]
    assert answer.json["base"]["commit"] == first
    assert answer.json["head"] == {"ref": second, "commit": second, "dirty": False}
    api = answer.image("api")
    assert api["action"] == "build"
    assert api["context"]["files"] == 2
    assert api["tags"][0] == f"shop/api:mb-{api['fingerprint'][:20]}"
    assert answer.image("web")["context"] is None


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("*.html eol=crlf", ".gitattributes"),
        ("*.html ident", ".gitattributes"),
        ("*.html working-tree-encoding=UTF-16LE", "web/site/.gitattributes"),
        ("*.html eol=crlf", "web/.gitattributes"),
    ],
)
def test_an_image_is_affected_where_git_checks_its_files_out_otherwise(shop: Repo, line: str, path: str) -> None:
    page = "web/site/index.html"
    shop.commit({page: "<h1>$Id$</h1>\n", ".dockerignore": "**/.git*\n", "web/.dockerignore": "**/.git*\n"})
    before = (shop.folder / page).read_bytes()
    first = shop.git("rev-parse", "HEAD")
    shop.commit({path: "*.html diff=html\n"})
    assert shop.mbuild("affected", "--base", first, "--list", "--format", "json").affected() == set()
    shop.write({path: f"*.html diff=html\n{line}\n"})
    shop.git("commit", "-q", "-m", "convert", path)  # and nothing is read again by the new rules
    second = shop.git("rev-parse", "HEAD")
    (shop.folder / page).unlink()
    shop.git("checkout", "-q", page)
    assert (shop.folder / page).read_bytes() != before
    for head in ((), ("--head", second)):
        answer = shop.mbuild("affected", "--base", first, *head, "--list", "--format", "json")
        assert answer.affected() == ({"web"} if path.startswith("web/") else {"api", "base", "web"})
        assert answer.image("web")["reasons"] == [{"kind": "definition-changed", "path": path}]
        assert answer.json["unowned"] == []
    valid(shop.mbuild("explain", "--path", path, "--format", "json").json, "explain")


def test_untracked_files_count_and_ignored_ones_do_not(shop: Repo) -> None:
    shop.commit({".gitignore": "*.log\n"})
    shop.write({"web/new.html": "", "api/x.log": ""})
    answer = shop.mbuild("affected", "--base", "HEAD", "--list", "--format", "json")
    assert answer.affected() == {"web"}


def test_the_default_base_is_the_merge_base_with_the_default_branch(shop: Repo) -> None:
    shop.git("checkout", "-q", "-b", "topic")
    shop.commit({"web/index.html": "1"})
    shop.git("checkout", "-q", "main")
    shop.commit({"base/etc/os": "moved on"})
    shop.git("checkout", "-q", "topic")
    answer = shop.mbuild("affected", "--list", "--format", "json")
    assert answer.affected() == {"web"}


def test_images_can_be_named(shop: Repo) -> None:
    shop.write({"web/index.html": "1", "api/main.py": "2"})
    answer = shop.mbuild("affected", "web", "--base", "HEAD", "--list", "--format", "json")
    assert answer.affected() == {"web"}
    wrong = shop.mbuild("affected", "wbe", "--base", "HEAD", "--list")
    assert (wrong.code, wrong.err) == (2, "error: there is no image 'wbe'\nhint: did you mean 'web'?\n")


def test_exit_code_tells_that_something_is_affected(shop: Repo) -> None:
    assert shop.mbuild("affected", "--base", "HEAD", "--list", "--exit-code").code == 0
    shop.write({"web/index.html": "1"})
    assert shop.mbuild("affected", "--base", "HEAD", "--list", "--exit-code").code == 1
    assert shop.mbuild("affected", "--base", "HEAD", "--dry-run", "--builder", "oci", "--exit-code").code == 1
    assert shop.mbuild("affected", "--base", "HEAD", "--dry-run", "--builder", "oci").code == 0


def test_removed_images_are_reported(shop: Repo) -> None:
    shop.write({"build.yaml": FILES["build.yaml"].replace("  web: {dockerfile: web/Dockerfile}\n", "")})
    answer = shop.mbuild("affected", "--base", "HEAD", "--list")
    assert "removed since the base: web" in answer.out


def test_a_base_that_cannot_be_read_makes_every_image_new(shop: Repo) -> None:
    broken = shop.commit({"build.yaml": "version: [\n"})
    shop.commit({"build.yaml": FILES["build.yaml"]})
    answer = shop.mbuild("affected", "--base", broken, "--list", "--format", "json")
    assert answer.affected() == {"api", "base", "web"}
    assert "warning: the base's build.yaml cannot be read" in answer.err


def test_a_base_that_has_a_submodule_there_has_no_build_yaml(shop: Repo) -> None:
    text = FILES["build.yaml"]
    shop.git("rm", "-q", "--cached", "build.yaml")
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},build.yaml")
    shop.git("commit", "-qm", "x")
    base = shop.git("rev-parse", "HEAD").strip()
    shop.git("rm", "-q", "--cached", "build.yaml")
    shop.commit({"build.yaml": text})
    answer = shop.mbuild("affected", "--base", base, "--list", "--format", "json")
    assert answer.affected() == {"api", "base", "web"}
    assert "cannot be" not in answer.err
    shop.git("checkout", "-q", "--detach", base)
    (shop.folder / "build.yaml").rmdir()
    answer = shop.mbuild("affected", "--base", base, "--head", base, "--list", "--format", "json")
    assert answer.affected() == set(), "nor has the head, whose images are those that init finds"


def test_a_build_yaml_that_is_a_link_is_refused(shop: Repo) -> None:
    (shop.folder / "build.yaml").rename(shop.folder / "other.yaml")
    (shop.folder / "build.yaml").symlink_to("other.yaml")
    for folder in (".", "web"):
        answer = mbuild("-C", str(shop.folder / folder), "affected", "--base", "HEAD", "--list")
        assert answer.code == 2
        assert "build.yaml: 'build.yaml' is a link, which may lead elsewhere in what is compared with" in answer.err
        assert f"that it leads to now: --config {'../' if folder == 'web' else ''}other.yaml" in answer.err
    shop.git("add", "-A")
    shop.git("commit", "-qm", "x")
    (shop.folder / "build.yaml").unlink()
    (shop.folder / "other.yaml").rename(shop.folder / "build.yaml")
    answer = shop.mbuild("affected", "--base", "HEAD", "--head", "HEAD", "--list")
    assert answer.code == 2
    assert "build.yaml: it is a link, which may lead elsewhere in what is compared with" in answer.err


def test_definitions_from_outside_serve_base_and_head(shop: Repo, tmp_path: Path) -> None:
    config = tmp_path / "other.yaml"
    config.write_text("version: 1\nimages: {only: {dockerfile: web/Dockerfile}}\n")
    shop.commit({"web/index.html": "1"})
    answer = shop.mbuild("--config", str(config), "affected", "--base", "HEAD~1", "--list", "--format", "json")
    assert answer.affected() == {"only"}


@pytest.mark.parametrize("named", ["current.yaml", "folder/build.yaml", "web/../folder/build.yaml"])
def test_definitions_behind_a_link_of_the_repository_are_refused(shop: Repo, tmp_path: Path, named: str) -> None:
    """The link may lead to another file at base; the file that it leads to now would be compared with itself."""
    (shop.folder / "current.yaml").symlink_to("build.yaml")
    (shop.folder / "folder").symlink_to(".")
    shop.commit({"web/index.html": "1"})
    answer = shop.mbuild("--config", named, "affected", "--base", "HEAD~1", "--list")
    link = "current.yaml" if named == "current.yaml" else "folder"
    assert answer.code == 2
    assert f"{named}: '{link}' is a link, which may lead elsewhere in what is compared with" in answer.err
    assert "name the file that it leads to now: --config build.yaml" in answer.err
    outside = tmp_path / "to-the-repository"
    outside.symlink_to(shop.folder)
    named = str(outside / "build.yaml")
    answer = shop.mbuild("--config", named, "affected", "--base", "HEAD~1", "--list", "--format", "json")
    assert answer.affected() == {"web"}, "what leads to the repository is none of it"


@pytest.mark.parametrize("way", ["-C", "cd", "-C behind cd", "outside"])
def test_a_working_folder_behind_a_link_of_the_repository_is_refused(
    shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Another folder may be there at base, with another build.yaml."""
    (shop.folder / "current").symlink_to("web")
    (tmp_path / "link").symlink_to(shop.folder / "current")
    shop.commit({"web/build.yaml": "images: {page: {dockerfile: Dockerfile}}\n", "web/more/x": ""})
    args = {"-C": ("-C", str(shop.folder / "current")), "cd": (), "-C behind cd": ("-C", "more")}
    named = args.get(way, ("--config", str(tmp_path / "link/build.yaml")))
    monkeypatch.chdir(shop.folder / "current")
    monkeypatch.setenv("PWD", str(shop.folder / "current"))
    answer = mbuild(*named, "affected", "--base", "HEAD", "--list")
    assert answer.code == 2
    assert "'current' is a link, which may lead elsewhere in what is compared with" in answer.err
    assert "that it leads to now: " in answer.err


@pytest.mark.parametrize("pwd", ["link", "repository", "elsewhere", "nowhere", ""])
def test_a_link_to_the_repository_is_none_of_it(
    shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pwd: str
) -> None:
    (tmp_path / "first").symlink_to(tmp_path)
    (tmp_path / "to-it").symlink_to(tmp_path / "first" / ".." / tmp_path.name / "first" / shop.folder.name)
    assert shop.folder.parent == tmp_path
    places = {"link": tmp_path / "to-it/web", "repository": shop.folder / "web", "elsewhere": tmp_path, "": ""}
    monkeypatch.chdir(tmp_path / "to-it/web")
    monkeypatch.setenv("PWD", str(places.get(pwd, tmp_path / "nowhere")))
    shop.commit({"web/index.html": "1"})
    asked = ("affected", "--base", "HEAD~1", "--list", "--format", "json")
    for answer in (mbuild(*asked), mbuild("-C", "../api", *asked), mbuild("-C", str(tmp_path / "to-it"), *asked)):
        assert answer.affected() == {"web"}


def test_context_lists_what_is_sent(shop: Repo) -> None:
    answer = shop.mbuild("context", "web", "--format", "json")
    valid(answer.json, "context")
    assert [each["path"] for each in answer.json["files"]] == ["web/.dockerignore", "web/Dockerfile", "web/index.html"]
    assert answer.json["full"]["files"] == 3
    api = shop.mbuild("context", "api", "--format", "json").json
    assert [each["path"] for each in api["files"]] == ["api/main.py", "libs/money/money.py"]
    assert api["full"]["files"] > len(FILES)  # a plain build sends .git too
    assert "a plain build would send" in shop.mbuild("context", "api", "--list").out


def test_context_writes_a_tar(shop: Repo, tmp_path: Path) -> None:
    target = tmp_path / "api.tar"
    assert shop.mbuild("context", "api", "--output", str(target)).code == 0
    with tarfile.open(target) as tar:
        assert [each.name for each in tar if each.isfile()] == ["api/main.py", "libs/money/money.py"]


def test_context_writes_named_contexts_too(shop: Repo, tmp_path: Path) -> None:
    shop.write({"build.yaml": CONFIG.replace("{dockerfile: web/", "{contexts: {os: base}, dockerfile: web/")})
    shop.write({"web/Dockerfile": "FROM scratch\nCOPY index.html /\nCOPY --from=os etc/* /\n"})
    target = tmp_path / "web.tar"
    for more, files, said in (
        ((), ["index.html"], f"note: the named context 'os' is not in {target}: --context os\n"),
        (("--context", "os"), ["etc/os"], ""),
    ):
        answer = shop.mbuild("context", "web", "--output", str(target), *more)
        assert (answer.code, answer.err) == (0, said)
        with tarfile.open(target) as tar:
            assert [each.name for each in tar if each.isfile()] == files
    wrong = shop.mbuild("context", "web", "--output", str(target), "--context", "nope")
    assert (wrong.code, wrong.err) == (
        2,
        "error: web has no folder of this repository as named context 'nope'\nhint: its named contexts are os\n",
    )
    assert shop.mbuild("context", "api", "--output", str(target), "--context", "os").err.endswith("hint: it has none\n")
    assert shop.mbuild("context", "web", "--context", "os").code == 2


def test_explain_an_affected_image(shop: Repo) -> None:
    shop.write({"base/etc/os": "2\n"})
    answer = shop.mbuild("explain", "--image", "api", "--base", "HEAD")
    assert answer.out == (
        "api is affected:\n  uses base (api/Dockerfile:1)\n"
        "its parent base is affected:\n  base/etc/os modified (base/Dockerfile:2)\n"
    )
    found = shop.mbuild("explain", "--image", "api", "--base", "HEAD", "--format", "json").json
    assert list(found["reasons"]) == ["api", "base"]


def test_explain_why_not(shop: Repo) -> None:
    shop.write(
        {"web/notes.md": "x", "libs/other/other.py": "x = 1\n", "web/Dockerfile": "# hi\n" + FILES["web/Dockerfile"]}
    )
    answer = shop.mbuild("explain", "--image", "api", "--base", "HEAD")
    assert "api is not affected: none of 3 changed paths is an input of it" in answer.out
    assert "libs/other/other.py: no instruction reads it" in answer.out


def test_explain_a_path(shop: Repo) -> None:
    answer = shop.mbuild("explain", "libs/money/money.py", "--format", "json")
    valid(answer.json, "explain")
    assert answer.json["images"] == [{"name": "api", "via": "COPY", "where": "api/Dockerfile:2"}]
    assert "read by 0 images" in shop.mbuild("explain", "README.md").out
    shop.write({"build.yaml": CONFIG.replace("{dockerfile: web/", "{contexts: {os: base/etc}, dockerfile: web/")})
    shop.write({"web/Dockerfile": "FROM os\n"})
    answer = shop.mbuild("explain", "base/etc/os", "--format", "json")
    valid(answer.json, "explain")
    assert {"name": "web", "via": "FROM", "where": "web/Dockerfile:1"} in answer.json["images"]
    both = shop.mbuild("explain", "web")
    assert (both.code, both.err) == (2, "error: 'web' is an image and a path\nhint: say which with --image or --path\n")
    assert shop.mbuild("explain", "nowhere").code == 2


def test_what_a_reason_names_is_no_path_that_no_image_reads(repo: Repo) -> None:
    service = "services: {{web: {{build: {{context: ./web, args: {{V: '{0}'}}}}}}}}\n"
    files = {"web/Dockerfile": "FROM scratch\nARG V\nCOPY f /\nLABEL v=$V\n", "web/f": "1"}
    repo.commit(files | {"compose.yaml": service.format(1), "README.md": "1"})
    repo.commit({"compose.yaml": service.format(2), "README.md": "2"})
    for _ in range(2):  # the second one remembers
        answer = repo.mbuild("affected", "--base", "HEAD^", "--head", "HEAD", "--list", "--format", "json")
        valid(answer.json, "plan")
        assert [each["path"] for each in answer.image("web")["reasons"]] == ["compose.yaml"]
        assert answer.json["unowned"] == ["README.md"]


def test_a_link_that_leads_to_another_context_root_is_the_reason(repo: Repo) -> None:
    config = "version: 1\nimages:\n  a: {dockerfile: df/Dockerfile, context: current}\n"
    files = {"build.yaml": config, "df/Dockerfile": "FROM scratch\nCOPY f /\n", "v1/f": "1", "v2/f": "2"}
    (repo.write(files).folder / "current").symlink_to("v1")
    repo.commit()
    (repo.folder / "current").unlink()
    (repo.folder / "current").symlink_to("v2")
    answer = repo.mbuild("affected", "--base", "HEAD", "--list", "--format", "json")
    valid(answer.json, "plan")
    link = {"kind": "file-changed", "path": "current", "change": "modified", "where": "build.yaml:3"}
    assert (answer.image("a")["reasons"], answer.json["unowned"]) == ([link], [])
    for path, via in (("current", "definition"), ("df", "Dockerfile"), ("build.yaml", "definition"), ("v2", "COPY")):
        found = repo.mbuild("explain", "--path", path, "--format", "json").json
        valid(found, "explain")
        assert [each["via"] for each in found["images"]] == [via]
    assert repo.mbuild("explain", ".").out == ".: read by 1 image\n  a  COPY at df/Dockerfile:2\n"


def test_graph_formats(shop: Repo) -> None:
    found = shop.mbuild("graph", "--format", "json").json
    valid(found, "graph")
    assert found["edges"] == [{"from": "api", "to": "base", "kind": "from", "where": "api/Dockerfile:1"}]
    assert shop.mbuild("graph").out == "base\n  api\nweb\n"
    assert 'i0 [label="api"];\n  i1 [label="base"];' in shop.mbuild("graph", "--format", "dot").out
    assert "i0 -> i1 [label=from];" in shop.mbuild("graph", "--format", "dot").out
    assert "i0 -->|from| i1" in shop.mbuild("graph", "--format", "mermaid").out


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("apps/*/Dockerfile", ""),
        ("{web,api}/Dockerfile", "hint: {…} stands for itself here: write a pattern for each\n"),
    ],
)
def test_a_pattern_that_finds_nothing(pattern: str, hint: str, shop: Repo) -> None:
    """It is valid, and a folder that was renamed leaves one behind; but nothing of what it was for is ever built."""
    images = "images: {api: {context: .}}\n"
    shop.commit({"build.yaml": f"project: shop\ndiscover:\n  - '*/Dockerfile'\n  - '{pattern}'\n{images}"})
    for head in ((), ("--head", "HEAD"), ("--head", "HEAD")):
        answer = shop.mbuild("check", *head)
        assert (answer.code, answer.out) == (0, "3 images, 3 of them read exactly: no problems\n"), answer.err
        assert answer.err == f"warning: build.yaml:4:5: discover: no file matches '{pattern}'\n{hint}"
    shop.commit({"build.yaml": f"version: 1\ndiscover: ['{pattern}']\n"})
    nothing = shop.mbuild("affected", "--base", "HEAD", "--list")
    assert (nothing.code, "0 of 0 images affected" in nothing.out) == (0, True)
    assert "warning: there is no image that a change could affect\n" in nothing.err


def test_check_reports_everything_at_once(shop: Repo) -> None:
    assert shop.mbuild("check").out == "3 images, 3 of them read exactly: no problems\n"
    shop.write({"api/Dockerfile": "FROM shop/base\nBOGUS\n", "web/Dockerfile": "FROM scratch\nCOPY nope /\n"})
    answer = shop.mbuild("check")
    assert answer.code == 2
    assert "error: api/Dockerfile:2:1: " in answer.err
    assert "error: web/Dockerfile:2:1: image 'web': nothing in the context matches 'nope'" in answer.err


def test_check_says_everything_to_programs_too(shop: Repo) -> None:
    assert shop.mbuild("check", "--format", "json").json == {"schema": 1, "errors": [], "warnings": []}
    shop.write({"api/Dockerfile": "FROM shop/base\nBOGUS\n", "web/Dockerfile": "FROM scratch\nCOPY $X/* /\n"})
    answer = shop.mbuild("check", "--format", "json")
    valid(answer.json, "check")
    assert (answer.code, [each["where"] for each in answer.json["errors"]]) == (
        2,
        [{"file": "api/Dockerfile", "line": 2, "col": 1}],
    )
    shop.write({"build.yaml": "images: {api: {tagz: x, depends_on: [nope]}}\n"})
    answer = shop.mbuild("check", "--format", "json")
    valid(answer.json, "check")
    assert (answer.code, answer.json["warnings"]) == (2, [])
    assert answer.json["errors"][0] == {
        "message": "unknown key 'images.api.tagz'",
        "where": {"file": "build.yaml", "line": 1, "col": 16},
        "hints": ["did you mean 'tags'?"],
    }
    said = [f"build.yaml:{each['where']['line']}:{each['where']['col']}: " for each in answer.json["errors"]]
    assert all(f"error: {each}" in answer.err for each in said)
    assert len(said) == 2
    gone = shop.mbuild("check", "--format", "json", "--head", shop.git("commit-tree", EMPTY, "-m", "x"))
    valid(gone.json, "check")


def test_works_from_a_sub_folder(shop: Repo) -> None:
    shop.write({"web/index.html": "1"})
    inner = Repo.__new__(Repo)
    inner.folder = shop.folder / "web"
    assert inner.mbuild("affected", "--base", "HEAD", "--list", "--format", "json").affected() == {"web"}
    assert [each["name"] for each in inner.mbuild("explain", "index.html", "--format", "json").json["images"]] == [
        "web"
    ]


def test_nothing_is_read_at_a_base_that_is_not_there(shop: Repo) -> None:
    for more in ((), ("--base", "0" * 40, "--missing-base", "all")):
        answer = shop.mbuild("affected", "--list", "--format", "json", *more)
        assert (answer.code, answer.err) == (0, "")
        assert {each["reasons"][0]["kind"] for each in answer.json["images"]} == {"image-added"}
