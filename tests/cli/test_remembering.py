"""The answer is the same with a cold, a warm, a damaged and no cache, and with one of other commits."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mbuild.app import question
from mbuild.app.graphs import MANY_CHANGES
from mbuild.changes import Change
from mbuild.git.diff import diff
from mbuild.store.cache import Cache
from mbuild.tree import Tree
from tests.cli.shop import FILES
from tests.support import Answer, Repo

PATHS = [
    "api/main.py",
    "api/run.sh",
    "api/keep.md",
    "api/no.md",
    "lib/a",
    "lib/deep/b",
    "lib/tmp/c",
    "docs/x.md",
    "new",
]
QUESTIONS = (
    ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json"),
    ("affected", "--base", "HEAD~2", "--list", "--format", "json"),
    ("affected", "--base", "HEAD~1", "--dry-run", "--builder", "oci", "--format", "json"),
    ("graph", "--format", "json"),
    ("check",),
)
EXTRA = {
    "build.yaml": FILES["build.yaml"],
    "api/Dockerfile": FILES["api/Dockerfile"] + "COPY --chmod=0755 api/*.sh api/link/ /x/\n",
    ".dockerignore": "*.md\n**/tmp\n!api/keep.md\n",
}


def edit(repo: Repo, random_: random.Random) -> None:
    """Change something at random: a file, a definition, an ignore file, a link, a folder."""
    path = repo.folder / random_.choice(PATHS)
    kind = random_.choice(["write", "write", "delete", "mode", "link", "dockerfile", "ignore", "definition", "folder"])
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "write":
        path.unlink(missing_ok=True)
        path.write_text(str(random_.random()))
    elif kind == "delete":
        path.unlink(missing_ok=True)
    elif kind == "mode" and path.is_file():
        path.chmod(random_.choice([0o644, 0o755]))
    elif kind == "link":
        link = repo.folder / "api" / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(random_.choice(["../lib", "../lib/deep", "nowhere"]))
    elif kind == "dockerfile":
        lines = ["COPY lib /lib/", "# a comment", "COPY lib/deep/b /b", "ENV A=1", "COPY . /all/"]
        file = repo.folder / random_.choice(["api/Dockerfile", "base/Dockerfile"])
        file.write_text(FILES.get(f"{file.parent.name}/Dockerfile", "FROM scratch\n") + random_.choice(lines) + "\n")
    elif kind == "ignore":
        (repo.folder / ".dockerignore").write_text(random_.choice(["", "*.md\n", "lib\n!lib/deep\n", "**/tmp\n"]))
    elif kind == "definition":
        more = random_.choice(["", "\n# a comment\n", "  extra:\n    dockerfile: api/Dockerfile\n    context: .\n"])
        (repo.folder / "build.yaml").write_text(FILES["build.yaml"].rstrip() + "\n" + more)
    else:
        folder = repo.folder / "lib" / random_.choice(["one", "two"])
        folder.mkdir(exist_ok=True)
        (folder / "x.md").write_text("1")


def answers(repo: Repo) -> list[tuple[int, str, str]]:
    found = (repo.mbuild(*question) for question in QUESTIONS)
    return [(each.code, each.out, each.err) for each in found]


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_does_not_depend_on_what_is_remembered(
    seed: int, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_ = random.Random(seed)
    repo.commit(FILES | EXTRA)
    repo.commit({"lib/deep/b": "1", "lib/a": "1"})
    for turn in range(5):
        for _ in range(random_.randint(1, 3)):
            edit(repo, random_)
        if random_.random() < 0.7:
            repo.commit()
        with monkeypatch.context() as patch:
            patch.setenv("MBUILD_CACHE", "off")
            truth = answers(repo)
        monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "kept"))
        assert answers(repo) == truth, f"seed {seed}, turn {turn}: with what was remembered of earlier turns"
        assert answers(repo) == truth, f"seed {seed}, turn {turn}: warm"
        monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / f"cold{turn}"))
        assert answers(repo) == truth, f"seed {seed}, turn {turn}: cold"
        damage(tmp_path / f"cold{turn}", random_)
        assert answers(repo) == truth, f"seed {seed}, turn {turn}: damaged"


@pytest.mark.parametrize("there", [False, True])
def test_what_is_kept_in_the_work_tree_is_no_input(there: bool, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = "version: 1\nproject: p\nimages:\n  one: {dockerfile: Dockerfile}\n"
    repo.commit({"Dockerfile": "FROM scratch\nCOPY . .\n", "build.yaml": definition})
    kept = [repo.folder / "cache", repo.folder / "state"]
    for folder in kept:
        monkeypatch.setenv(f"MBUILD_{folder.name.upper()}_DIR", str(folder))
        if there:
            folder.mkdir()
            (folder / "own").write_text("what a user keeps there is an input")

    def answer() -> str:
        return repo.mbuild("affected", "--base", "HEAD", "--list", "--format", "json").out

    cold = answer()
    assert ('"affected": true' in cold) == there
    assert answer() == cold, "with the cache"
    assert repo.mbuild("all", "--builder", "oci", "--output", "oci").code == 0
    assert answer() == cold, "with the lock, the history and logs"
    assert all(any(folder.iterdir()) for folder in kept)
    assert not any((folder / ".gitignore").exists() for folder in kept), "what a user names is let alone"


def damage(folder: Path, random_: random.Random) -> None:
    """Cut or change every file of a cache."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        raw = bytearray(file.read_bytes())
        at = random_.randrange(len(raw))
        raw[at] ^= 1
        file.write_bytes(bytes(raw if random_.random() < 0.5 else raw[:at]))


@pytest.mark.parametrize("broken", [{"build.yaml": "images: ["}, {"api/Dockerfile": "FROM scratch\nCOPPY a b\n"}])
def test_what_is_wrong_in_the_commit_may_be_mended_on_disk(broken: dict[str, str], repo: Repo) -> None:
    repo.commit(FILES | broken)
    repo.write({path: FILES[path] for path in broken})
    assert repo.mbuild("check").code == 0
    assert repo.mbuild("graph").code == 0
    assert repo.mbuild("check", "--head", "HEAD").code == 2


def test_graphs_are_remembered(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    got: list[bool] = []
    original = Cache.view

    def view(self: Cache, bucket: str, key: str) -> memoryview | None:
        found = original(self, bucket, key)
        if bucket == "graph":
            got.append(found is not None)
        return found

    repo.commit(FILES)
    repo.commit({"lib/a": "2"})
    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(Cache, "view", view)
    question = ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list")
    first = repo.mbuild(*question)
    assert got == [False]
    assert repo.mbuild(*question) == first
    assert got == [False, True]


def test_what_is_remembered_holds_for_what_it_was_made_with(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Between the same two commits: another build.yaml, one outside of git that is edited, another platform."""
    text = "version: 1\nproject: p\nimages:\n  one: {{dockerfile: {}/Dockerfile, context: {}}}\n"
    outside = tmp_path / "build.yaml"
    repo.commit(
        {f"{each}/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n" for each in "ab"}
        | {f"{each}/{arch}": "1" for each in "ab" for arch in ("amd64", "arm64")}
        | {f"{each}.yaml": text.format(each, each) for each in "ab"}
    )
    repo.commit({"a/amd64": "2", "a/Dockerfile": "FROM scratch\nARG TARGETARCH\nENV A=1\nCOPY $TARGETARCH /\n"})
    repo.commit({"b/arm64": "2"})
    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    question = ("affected", "--head", "HEAD", "--list", "--format", "json", "--base")

    def ask(config: str, base: str, platform: str = "linux/amd64") -> set[str]:
        return repo.mbuild("--config", config, *question, base, "--platform", platform).affected()

    for _ in range(2):
        assert ask("a.yaml", "HEAD~2") == {"one"}
        assert ask("b.yaml", "HEAD~2") == set()
        assert ask("b.yaml", "HEAD~2", "linux/arm64") == {"one"}
        assert ask("a.yaml", "HEAD~1", "linux/arm64") == set()
        for each, expected in (("a", {"one"}), ("b", set())):
            outside.write_text(text.format(each, each))
            assert ask(str(outside), "HEAD~2") == expected


def looked_up(monkeypatch: pytest.MonkeyPatch, wanted: str) -> list[bool]:
    """Have every question for one bucket of the cache noted: whether there was an answer."""
    got: list[bool] = []
    original = Cache.get

    def get(self: Cache, bucket: str, key: str) -> bytes | None:
        found = original(self, bucket, key)
        if bucket == wanted:
            got.append(found is not None)
        return found

    monkeypatch.setattr(Cache, "get", get)
    return got


def jobs(names: str, more: str = "") -> dict[str, str]:
    """Return jobs that `discover` finds, and a build.yaml that ends in something."""
    files = {f"jobs/{each}/Dockerfile": "FROM scratch\nCOPY . /\n" for each in names}
    return files | {"build.yaml": f'version: 1\nproject: p\ndiscover: ["jobs/*/Dockerfile", "!jobs/z/*"]\n{more}'}


def test_definitions_are_remembered_by_content_and_by_what_discover_finds(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    got = looked_up(monkeypatch, "project")

    def ask() -> set[str]:
        question = ("affected", "--base", "HEAD", "--list", "--format", "json")
        with monkeypatch.context() as patch:
            patch.setenv("MBUILD_CACHE", "off")
            truth = repo.mbuild(*question)
        answer = repo.mbuild(*question)
        assert answer == truth
        return answer.affected()

    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    repo.commit(jobs("abz"))
    ask()
    repo.write(jobs("abz", "# a comment\ndefaults: {args: {A: '1'}}\n"))
    assert ask() == set()
    assert ask() == set()
    assert got == [True], "asked about the second time, and found"
    repo.write(jobs("c"))
    repo.write(jobs("", "# a comment\ndefaults: {args: {A: '1'}}\n"))
    assert ask() == {"c"}
    assert ask() == {"c"}
    assert got == [True, False, True], "what discover finds counts, too"
    repo.write(jobs("z", "images: {d: {dockerfile: jobs/a/Dockerfile}}\n"))
    assert ask() == {"c", "d"}
    repo.write({"jobs/c/Dockerfile": "FROM nothing:${X}\nCOPPY\n"})
    ask_wrong = repo.mbuild("check")
    assert ask_wrong.code == 2
    assert "jobs/c/Dockerfile:2" in ask_wrong.err + ask_wrong.out


@pytest.mark.parametrize("warm", [False, True])
def test_what_defines_images_is_read_again_where_it_changed_beside_other_things(
    warm: bool, repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    question = ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    repo.commit(jobs("ab"))
    repo.commit({"README": "1"})
    for files, expected in (
        ({"a": "1", "z": "1", **jobs("", "images: {d: {dockerfile: jobs/a/Dockerfile}}\n")}, {"d"}),
        ({"a": "2", "z": "2", **jobs("", "images: {d: {dockerfile: jobs/a/Dockerfile, labels: {x: y}}}\n")}, {"d"}),
        ({"a": "3", "jobs/c/Dockerfile": "FROM scratch\n"}, {"c"}),
    ):
        if warm:
            repo.mbuild(*question)
        repo.commit(files)
        assert repo.mbuild(*question).affected() == expected
    repo.git("rm", "-q", "build.yaml")
    repo.commit({"a": "4"})
    gone = repo.mbuild(*question)
    monkeypatch.setenv("MBUILD_CACHE", "off")
    assert gone == repo.mbuild(*question)


def test_what_differs_between_two_commits_is_remembered(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    got, original = looked_up(monkeypatch, "verdict"), Cache.get
    repo.commit(FILES)
    repo.commit({"api/Dockerfile": FILES["api/Dockerfile"] + "ENV A=1\n", "strange": "1"})
    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))

    def ask(base: str = "HEAD~1", *more: str) -> Answer:
        question = ("affected", "--base", base, "--head", "HEAD", *(more or ("--list",)), "--format", "json")
        with monkeypatch.context() as patch:
            patch.setenv("MBUILD_CACHE", "off")
            truth = repo.mbuild(*question)
        got.clear()
        answer = repo.mbuild(*question)
        assert answer == truth
        return answer

    assert ask().affected() == {"api"}
    assert got == [False]
    assert ask().affected() == {"api"}
    assert got == [True]
    ask("HEAD~1", "--dry-run", "--builder", "oci")
    assert got == [True]
    with monkeypatch.context() as patch:
        patch.setattr(
            Cache, "get", lambda self, bucket, key: b"{}" if bucket == "verdict" else original(self, bucket, key)
        )
        assert ask().affected() == {"api"}
    repo.commit({"docs/x.md": "1"})
    ask()
    ask()
    assert got == [False], "that is quick without"
    ask("HEAD~2")
    assert ask("HEAD~2").affected() == {"api"}
    assert got == [True]
    assert ask().affected() == set()
    assert got == [False], "another base"


def test_what_very_much_that_changed_means_is_remembered(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    got = looked_up(monkeypatch, "verdict")
    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    asked: list[bool] = []

    def seen(old: Tree, new: Tree) -> tuple[Change, ...]:
        asked.append(True)
        return diff(old, new)

    monkeypatch.setattr(question, "diff", seen)

    def ask(base: str, *more: str) -> Answer:
        words = ("affected", "--base", base, "--head", "HEAD", *(more or ("--list",)), "--format", "json")
        with monkeypatch.context() as patch:
            patch.setenv("MBUILD_CACHE", "off")
            truth = repo.mbuild(*words)
        got.clear()
        asked.clear()
        assert repo.mbuild(*words) == truth
        return truth

    repo.commit(FILES)
    repo.commit({f"{folder}/{number}": "" for folder in ("libs/money", "docs") for number in range(MANY_CHANGES // 2)})
    for _ in range(2):
        answer = ask("HEAD~1")
        assert answer.affected() == {"api"}
        assert len(answer.image("api")["reasons"]) == len(answer.json["unowned"]) == MANY_CHANGES // 2
    assert (got, asked) == ([True], []), "git is not asked what differs"
    for more in (("--dry-run", "--builder", "oci"), ("--list", "--exit-code")):
        ask("HEAD~1", *more)
        assert (got, asked) == ([True], [])
    first = repo.mbuild("explain", "--base", "HEAD~1", "--head", "HEAD", "--image", "web")
    assert f"none of {MANY_CHANGES} changed paths" in first.out
    repo.git("rm", "-q", "docs/0")
    repo.commit()
    for _ in range(2):
        ask("HEAD~2")
    assert (got, asked) == ([False], [True]), "one less is quick to find again"
    attributes = {"libs/money/.gitattributes": "*.py eol=crlf\n"}
    repo.commit(attributes | {f"docs/{number}": "1" for number in range(MANY_CHANGES)})
    for _ in range(2):
        answer = ask("HEAD~1", "--dry-run", "--builder", "oci")
        assert answer.affected() == {"api"}, "its files are others when they are checked out"
    assert got == [True]
    assert asked == [True], "for attributes, and once"


def test_what_discover_matches_is_remembered_by_the_folder(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    got = looked_up(monkeypatch, "matches")

    def ask(head: str) -> set[str]:
        question = ("affected", "--base", base, "--head", head, "--list", "--format", "json")
        with monkeypatch.context() as patch:
            patch.setenv("MBUILD_CACHE", "off")
            truth = repo.mbuild(*question)
        got.clear()
        assert repo.mbuild(*question) == truth
        return truth.affected()

    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    base = repo.commit(jobs("ab"))
    one = repo.commit(jobs("", "# a comment\ndefaults: {args: {A: '1'}}\n"))
    assert ask(one) == set()
    assert ask(one) == set()
    assert got == [True]
    assert ask(repo.commit({"jobs/c/Dockerfile": "FROM scratch\nCOPY . /\n"})) == {"c"}
    repo.git("rm", "-q", "-r", "jobs/a")
    assert ask(repo.commit()) == {"c"}
    repo.commit(jobs("", "# another comment\ndefaults: {args: {A: '1'}}\n"))
    assert ask("HEAD") == {"c"}
    assert all(got), "build.yaml is another one, the folder is not"


def test_patterns_that_look_through_one_folder_are_remembered_each_by_itself(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What one of them finds says nothing of what another does: an image that the second finds would be missed."""
    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    question = ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    plain = "FROM scratch\nCOPY . /\n"
    discover = 'version: 1\nproject: p\ndiscover: ["jobs/*/Dockerfile", "jobs/*/*.Dockerfile"]\n'
    repo.commit({"build.yaml": discover, "jobs/a/Dockerfile": plain})
    repo.commit({"build.yaml": f"{discover}# a comment\n"})
    assert repo.mbuild(*question).affected() == set()
    repo.commit({"jobs/b/b.Dockerfile": plain})
    assert len(repo.mbuild(*question).affected()) == 1


@pytest.mark.parametrize("head", [("--head", "HEAD"), ()])
def test_an_image_that_cannot_be_read_at_the_base_is_an_image_at_head(head: tuple[str, ...], repo: Repo) -> None:
    """It is in no graph of the base, so that nothing is known of which files make it another one."""
    base = repo.commit(FILES | {"api/Dockerfile": "FROM scratch\nCOPPY a b\n"})
    mended = {"api/Dockerfile": FILES["api/Dockerfile"]}
    if head:
        repo.commit(mended)
    else:
        repo.write(mended)
    for _ in range(2):
        answer = repo.mbuild("affected", "--base", base, *head, "--list", "--format", "json")
        assert (answer.code, answer.affected()) == (0, {"api"})
        assert "at the base: api/Dockerfile:2:1: unknown instruction: COPPY" in answer.err
