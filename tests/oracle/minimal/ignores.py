"""Ignore files: mild ones, which leave most sources alone, and wild ones, which may take anything."""

from __future__ import annotations

from random import Random

MILD = (
    *(
        "*.md",
        "**/*.md",
        "docs/deep",
        "docs/**",
        "!docs/img",
        "!docs/img/p1.png",
        "docs/deep",
        "!lib/deep/x.c",
        "!**/x.c",
    ),
    *("lib/deep/e?", "!lib/deep/er", "*.log", "empty", "empty/*", "**/*.log", "v[23]", "v?/nothing"),
    *("# a comment", "", "   ", "node_modules", "**/index.js", "/notes.log", "./.env", "x/../c.md", "x/y/z/**"),
    *("!x/y/z/deepest", "Dockerfile*", ".dockerignore", "**/Dockerfile*", "odd", "!odd/日本", "odd/*", "[#]hash"),
    *("with blank.txt", "  run.sh  ", "ln-dangling", "ln-o*", "!ln-file", "a b", "src/*_test.go", "**/lnk", "cfg/.*"),
    *("caf*", "new*", "odd/[[]x]", "\\!bang", "sta\\*r", "q[?]mark", "**/é"),
)
WILD = (
    *("*", "**", "!*", "!**", "lib", "!lib", "!lib/**", "lib/*", "src", "!src/main.go", "!a.txt", "?.txt", "[ab].txt"),
    *(
        "cfg",
        "!cfg/app.conf",
        "v1",
        "**/app",
        "!v1/app",
        "ln-dir/deep",
        "!**/z",
        "*/*",
        "!*/one.py",
        "/",
        ".",
        "!",
        "\\",
    ),
    *("**/deep", "lib/deep", "lib/deep/*", "ln-*", "arc.tar.??", "!arc.tar.gz"),
    *("[", "lib/", "!lib/", "../x", "lib//deep", "!./lib/one.py", "**/**/x.c", "***", "l**/x.c", "a**", "![ab].txt"),
)
EMPTYING = frozenset(("empty/*", "**/*.log", "x/y/z/**", "docs/**", "odd/*"))
"""Lines that take everything in a folder, but not the folder."""

KEEP = (
    "!a.txt",
    "!b.txt",
    "!lib",
    "!src",
    "!v1",
    "!cfg",
    "!ln-*",
    "!arc*",
    "!odd",
    "!*.sh",
    "!docs",
    "!?rc",
    "!v[23]",
    "!*.txt",
)


def ignore(rng: Random, *, wild: bool) -> bytes:
    """Return the text of an ignore file; lines end in LF or CRLF."""
    style = rng.random() * (1 if wild else 0.94)
    if style < 0.65:
        lines = rng.sample(MILD, rng.randint(1, 6))
    elif style < 0.94:
        # "Everything but": the same order as in the list, which is how people write it.
        lines = ["*" if rng.random() < 0.7 else "**", *(each for each in KEEP if rng.random() < 0.97)]
        lines += rng.sample(MILD, rng.randint(0, 2))
    else:
        lines = [rng.choice(WILD + MILD) for _ in range(rng.randint(1, 4))]
    end = "\r\n" if rng.random() < 0.1 else "\n"
    return (end.join(lines) + end).encode()
