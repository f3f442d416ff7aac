"""A made-up monorepo in memory, with something for every kind of edit to change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mbuild.config.load import load
from mbuild.graph.build import build_graph
from tests.trees import MemoryTree

Value = str | tuple[str, str]

CHAIN = {"base": ("api", "web"), "api": ("web",), "web": (), "job": ()}
"""Image → the images that are built from it, directly or not."""

DOCKERFILES = {
    "base": [
        "FROM ext/alpine:{s}",
        "ENV ROOT={s}",
        "COPY . /base/",
        "ONBUILD COPY hook /hook",
        "ONBUILD ENV TRIGGERED={s}",
    ],
    "api": [
        "ARG GLOBAL={s}",
        "FROM ext/go:$GLOBAL AS tools",
        "RUN install {s}",
        "FROM shop/base AS build",
        "ARG MODE=dev{s}",
        "ARG FROM_YAML",
        "COPY lib /lib",
        "COPY --chmod=755 run.sh /bin/",
        "COPY --from=tools /go /go",
        "RUN --mount=type=bind,source=src,target=/t make $MODE",
        "FROM scratch AS debug",
        "COPY --from=build /lib /debug",
        "FROM scratch AS final",
        'SHELL ["/bin/bash", "-c"]',
        "COPY --from=build /lib /x",
        "COPY --from=shared . /s/",
        "COPY conf/*.conf conf/deep /c/",
        "COPY <<EOF /doc\ntext {s} $ROOT\n\ttab\nEOF",
        "ENV A={s}",
        "LABEL l={s}",
        "WORKDIR /w",
        "USER 5",
        "EXPOSE 80",
        "VOLUME /v",
        "STOPSIGNAL 9",
        "HEALTHCHECK CMD look",
        'ENTRYPOINT ["/e"]',
        'CMD ["a", "b"]',
        "FROM ext/unused:1 AS unused",
        "COPY extra /extra",
    ],
    "web": ["FROM shop/api", "COPY *.html page /web/", "ADD ln /l/"],
    "job": ["FROM scratch", "COPY --from=shop/other:{s} /o /o", "COPY . /job/"],
}
SOURCES = {
    "base": ("one", "two.txt", "sub/three", "sub/four", "notes.md", "skipped.md"),
    "api": (
        *("lib/a", "lib/b.py", "lib/deep/c", "lib/deep/d", "run.sh", "src/m.go", "src/n.go", "conf/a.conf", "hook"),
        *("conf/b.conf", "conf/deep/x", "conf/deep/y", "conf/unread", "extra/never", "top"),
    ),
    "web": ("i.html", "j.html", "page/p", "page/q", "real/r", "real/s", "hook", "page/unread.tmp"),
    "job": ("main", "data/k", "data/l", "data/odd \n[name]", "data/\udcff", "data/drop.tmp"),
    "shared": ("s1", "s2", "in/s3", "in/s4"),
}
READ = {
    "base": ("one", "two.txt", "sub/three", "sub/four"),
    "api": (
        *("lib/a", "lib/b.py", "lib/deep/c", "lib/deep/d", "src/m.go", "src/n.go"),
        *("conf/a.conf", "conf/b.conf", "conf/deep/x", "conf/deep/y"),
    ),
    "web": ("i.html", "j.html", "page/p", "page/q", "real/r", "real/s"),
    "job": ("main", "data/k", "data/l", "data/odd \n[name]", "data/\udcff"),
}
"""Files that an image reads, each of them beside another one: taking one away leaves its folder there."""

UNREAD = {
    "base": ("notes.md", "skipped.md"),
    "api": ("conf/unread", "extra/never", "top"),
    "web": ("page/unread.tmp",),
    "job": ("data/drop.tmp",),
}
IGNORED = {"base": "*.md\n", "api": "", "web": "**/*.tmp\n", "job": "data/*.tmp\n"}


@dataclass(frozen=True, slots=True)
class State:
    """Everything that mbuild sees: files by path, and the build.yaml as a value."""

    files: Mapping[str, Value]
    config: Mapping[str, Any]

    def with_files(self, changes: Mapping[str, Value | None]) -> State:
        """Return a state with files written or, for None, taken away."""
        merged = {**self.files, **changes}
        return State({path: each for path, each in merged.items() if each is not None}, self.config)

    def with_image(self, name: str, **keys: Any) -> State:
        """Return a state in which an image's entry has other keys; for None, one less."""
        images = self.config["images"]
        entry = {key: value for key, value in {**images[name], **keys}.items() if value is not None}
        return State(self.files, {**self.config, "images": {**images, name: entry}})

    def dockerfile(self, image: str) -> str:
        text = self.files[dockerfile(image)]
        assert isinstance(text, str)
        return text

    def fingerprints(self) -> dict[str, str]:
        """Return what mbuild makes of it, by image."""
        text = json.dumps(self.config).encode()
        project = load(text, shown="build.yaml", folder="", tree_paths=lambda _: self.files, path="build.yaml")
        graph = build_graph(project, MemoryTree(self.files), "linux/amd64")
        return {name: node.fingerprint for name, node in graph.nodes.items()}


def dockerfile(image: str) -> str:
    """Return where the Dockerfile of an image lies: in no context."""
    return f"docker/{image}.Dockerfile"


def monorepo(seed: int) -> State:
    """Return a monorepo; what is in it differs from that of every other seed."""
    files: dict[str, Value] = {"README": "unread"}
    for folder, names in SOURCES.items():
        files |= {f"{folder}/{name}": f"{seed} {name}" for name in names}
    files["api/run.sh"] = ("exec", f"#!{seed}")
    files["web/ln"] = ("link", "real")
    for image, lines in DOCKERFILES.items():
        files[dockerfile(image)] = "\n".join(lines).replace("{s}", f"v{seed}") + "\n"
        files[f"{image}/.dockerignore"] = IGNORED[image] + "# end\n.dockerignore\n"
    images: dict[str, Any] = {name: {"dockerfile": dockerfile(name), "context": name} for name in CHAIN}
    images["api"] |= {"target": "final", "contexts": {"shared": "./shared"}, "args": {"FROM_YAML": f"y{seed}"}}
    return State(files, {"version": 1, "project": "shop", "images": images})
