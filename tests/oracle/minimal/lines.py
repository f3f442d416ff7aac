"""Instructions, one function for each feature: what a case must exercise, and what else it happens to hold."""

from __future__ import annotations

from collections.abc import Callable

from tests.oracle.minimal.draw import SAFE, Draw, escaped, exec_form
from tests.oracle.minimal.trees import ARCHIVES, EXEC


def copy_file(draw: Draw) -> str:
    return f"COPY {draw.flag()}{draw.steady()} {draw.place()}/f"


def copy_any_file(draw: Draw) -> str:
    return f"COPY {draw.flag()}{draw.name()} {draw.place()}/"


def copy_folder(draw: Draw) -> str:
    return f"COPY {draw.flag()}{draw.folder()} {draw.place()}"


def copy_all(draw: Draw) -> str:
    return f"COPY {draw.flag()}{draw.rng.choice(['.', './', '/', '././', './lib/..'])} {draw.place()}/"


def copy_many(draw: Draw) -> str:
    return f"copy {draw.flag()}{draw.steady()} {draw.folder()} \\\n# between\n\n  {draw.steady()} {draw.place()}/"


def star(draw: Draw) -> str:
    patterns = ["*.txt", "lib/*.py", "lib/*.py", "src/*.go", "*/one.py", "l*/d*/x.c", "do*/*/p*", "arc*", "*.txt*", "*"]
    return f"COPY {draw.flag()}{draw.rng.choice(patterns)} {draw.place()}/"


def letter_class(draw: Draw) -> str:
    patterns = ["[a-c].txt", "v[1-2]/app", "v[^3]", "[^d]*/*.go", "[a-cx-z]*", "li[b]/tw[op].py", "[a-cv]*"]
    return f"COPY {draw.rng.choice(patterns)} {draw.place()}/"


def question(draw: Draw) -> str:
    patterns = ["?.txt", "v?/app", "sr?", "lib/???.py", "v1/???", "[b]?", "?rc/ma?n.go"]
    return f"COPY {draw.rng.choice(patterns)} {draw.place()}/"


def middle(draw: Draw) -> str:
    patterns = ["*/app", "*/deep/er", "*/deep/x.c", "*/*/z", "v*/app", "*/../src", "*/*.go", "*/*/*"]
    return f"COPY {draw.rng.choice(patterns)} {draw.place()}/"


def json_names(draw: Draw) -> str:
    # BuildKit's client cannot ask for names with control characters (its gRPC headers refuse them), and its JSON is
    # UTF-8. The other names here are those that it never finds.
    able = [each for each in draw.odd() if not set(each) & set("\n\t")]
    odd = [each for each in able if not set(each) & set("\\!\udcff\udce9") or draw.rng.random() < 0.2]
    names = draw.rng.sample(odd, min(3, len(odd))) or ["a.txt"]
    return exec_form("COPY", *(escaped(each) for each in names), f"{draw.place()}/")


def odd_folder(draw: Draw) -> str:
    return f"COPY {draw.rng.choice(['odd', 'odd/*', 'od[d]/', '*dd'])} {draw.place()}/"


def named_link(draw: Draw) -> str:
    return (
        f"COPY {draw.flag()}{draw.link('ln-file', 'ln-dir', 'ln-deep', 'ln-abs', 'ln-chain', 'ln-dot')} {draw.place()}"
    )


def through_link(draw: Draw) -> str:
    source = draw.link(
        "ln-dir/one.py", "ln-chain/x.c", "ln-dir/*.py", "ln-dir/deep/er", "ln-d*/deep", "ln-chain/../../a.txt"
    )
    return f"COPY {source} {draw.place()}/"


def stray_link(draw: Draw) -> str:
    named = draw.link("lib/up", "lib/up", "docs/lnk", "lib/deep/out", "ln-out")
    return f"COPY {draw.rng.choice([named, 'ln-f*', 'ln-do*', 'lib', 'docs', 'docs'])} {draw.place()}/"


def exec_bits(draw: Draw) -> str:
    names = [name for name, each in draw.tree.items() if each.kind == EXEC and SAFE.issuperset(name)] or ["a.txt"]
    return f"COPY {' '.join(draw.rng.sample(names, min(2, len(names))))} {draw.place()}/"


def chmod(draw: Draw) -> str:
    return f"COPY --chmod={draw.rng.choice(['600', '0755', '4711'])} {draw.folder()} {draw.place()}"


def chown(draw: Draw) -> str:
    return f"COPY --chown={draw.rng.choice(['5', '5:6', ':7', '0:0'])} {draw.folder()} {draw.place()}"


def link_flag(draw: Draw) -> str:
    return f"COPY --link {draw.rng.choice(['', '--chmod=700 '])}{draw.folder()} {draw.place()}/"


def add_file(draw: Draw) -> str:
    return f"ADD {draw.steady()} {draw.rng.choice(['lib', 'text.tar', 'ln-dir'])} {draw.place()}/"


def _add(name: str) -> Callable[[Draw], str]:
    return lambda draw: f"ADD {draw.rng.choice(['', '', '--link ', '--chown=1:2 '])}{name} {draw.place()}/"


def add_glob(draw: Draw) -> str:
    return f"ADD {draw.rng.choice(['arc.tar*', 'arc.*', '*.gz', 'arc.tar.[bx]z*'])} {draw.place()}/"


def copy_archive(draw: Draw) -> str:
    return f"COPY {draw.rng.choice(ARCHIVES)} {draw.place()}/"


def heredoc(draw: Draw) -> str:
    return f"COPY {draw.flag()}<<EOF {draw.place()}/doc\nline $NOTHING ${{X:-default}}\n# not a comment\nEOF"


def heredoc_with_files(draw: Draw) -> str:
    return f'COPY <<"ONE" {draw.steady()} <<-TWO {draw.place()}/\n$LITERAL\nONE\n\ttabs go\nTWO'


def from_argument(draw: Draw) -> str:
    draw.args["WHAT"] = draw.rng.choice(["lib", "src", "cfg", "a.txt"])
    return f"ARG WHAT=v1\nCOPY $WHAT {draw.place()}"


def argument_default(draw: Draw) -> str:
    return f"ARG DIR=li EXT\nARG FULL=${{DIR}}b\nCOPY ${{FULL}}/*${{EXT:-.py}} {draw.place()}/"


def environment(draw: Draw) -> str:
    return f"ENV SRC=src OTHER=${{SRC:-cfg}}\nENV SRC=$OTHER\nCOPY ${{SRC}} ${{NONE:-lib}} {draw.place()}/"


def inherited(draw: Draw) -> str:
    return f"COPY ${{INHERITED:-src}} {draw.place()}/"


def unset(draw: Draw) -> str:
    return f"COPY ${{PREFIX}}lib/one.py .${{NOWHERE}} {draw.place()}/"


def another_stage(draw: Draw) -> str:
    base = f"{draw.project}/busybox:1" if draw.shell else "scratch"
    name = f"more{len(draw.stages)}"
    draw.stages.append(f"FROM {base} AS {name}\nCOPY {draw.folder()} /in\nCOPY {draw.steady()} /in/f\n")
    return f"COPY --from={draw.rng.choice([name, str(len(draw.stages) - 1)])} /in {draw.place()}"


def from_parent(draw: Draw) -> str:
    tools = f"{draw.project}/tools"
    return f"COPY --from={tools} /opt {draw.place()}\nCOPY --from={tools}:latest /opt/a.txt {draw.place()}/"


def from_folder(draw: Draw) -> str:
    return f"COPY --from=shared {draw.rng.choice(['.', 's/*', 's', 'one', 'o?e', 'to-one'])} {draw.place()}/"


def settings_(draw: Draw) -> str:
    return "\n".join(
        (
            f"USER 5:6\nWORKDIR sub\nCOPY {draw.steady()} here/",
            'LABEL a="b c" d=$PATH\nEXPOSE 80/udp\nVOLUME /vol\nSTOPSIGNAL 9\nHEALTHCHECK --retries=2 CMD x',
            'ENTRYPOINT ["/e"]\nCMD x $Y\nENV A=1 B="$A"\nUSER 0:0\nONBUILD COPY . /x',
        )
    )


LIST = "/bin/list"
"""A script of the base: writes what is below a folder, with modes, owners, links and digests, to a file."""


def bind_all(draw: Draw) -> str:
    return f"RUN --mount=target=/m {LIST} /m {draw.place()}"


def bind_typed(draw: Draw) -> str:
    return f"RUN --mount=type=bind,source=.,target=/m,rw touch /m/new && {LIST} /m {draw.place()}"


def bind_source(draw: Draw) -> str:
    source = draw.rng.choice(["lib", "src", "/cfg", "lib/deep", "ln-dir", "v1"])
    return f"RUN --mount=type=bind,source={source},target=/m {LIST} /m {draw.place()}"


def bind_file(draw: Draw) -> str:
    return f"RUN --mount=source={draw.steady()},dst=/m/f --mount=src=lib,target=/m/l {LIST} /m {draw.place()}"


def bind_argument(draw: Draw) -> str:
    draw.args["MOUNT"] = draw.rng.choice(["lib", "src"])
    return f"ARG MOUNT\nRUN --mount=type=bind,source=$MOUNT,target=/m {LIST} /m {draw.place()}"


def bind_folder(draw: Draw) -> str:
    mounts = "--mount=from=shared,target=/m --mount=from=shared,source=s,target=/n"
    return f"RUN {mounts} {LIST} /m {draw.place()} && {LIST} /n {draw.place()}/n"


def bind_parent(draw: Draw) -> str:
    return f"RUN --mount=from={draw.project}/tools,source=/opt,target=/m {LIST} /m {draw.place()}"


def cache(draw: Draw) -> str:
    mount = f"--mount=type=cache,target=/cache,id={draw.project}"
    return f"COPY {draw.steady()} /c/f\nRUN {mount} cp /c/f /cache/ && {LIST} /c {draw.place()}"


def tmpfs(draw: Draw) -> str:
    return f"COPY {draw.steady()} /t/f\nRUN --mount=type=tmpfs,target=/tmp/x touch /tmp/x/y && {LIST} /t {draw.place()}"


def run_heredoc(draw: Draw) -> str:
    return f"RUN --mount=src=lib,target=/m <<EOF\nset -e\n{LIST} /m {draw.place()}\nEOF"


SHELL = {
    "bind all": bind_all,
    "bind rw": bind_typed,
    "bind source": bind_source,
    "bind file": bind_file,
    "bind argument": bind_argument,
    "bind named context": bind_folder,
    "bind parent": bind_parent,
    "cache mount": cache,
    "tmpfs mount": tmpfs,
    "run heredoc": run_heredoc,
}
ANYWHERE = {
    "file": copy_file,
    "any file": copy_any_file,
    "folder": copy_folder,
    "everything": copy_all,
    "continued": copy_many,
    "glob *": star,
    "glob [a-c]": letter_class,
    "glob ?": question,
    "glob */x": middle,
    "odd names": json_names,
    "odd folder": odd_folder,
    "link": named_link,
    "through link": through_link,
    "stray link": stray_link,
    "exec bits": exec_bits,
    "chmod": chmod,
    "chown": chown,
    "--link": link_flag,
    "ADD": add_file,
    "ADD tar": _add("arc.tar"),
    "ADD tar.gz": _add("arc.tar.gz"),
    "ADD tar.bz2": _add("arc.tar.bz2"),
    "ADD tar.xz": _add("arc.tar.xz"),
    "ADD glob": add_glob,
    "archive copied": copy_archive,
    "heredoc": heredoc,
    "heredocs": heredoc_with_files,
    "build argument": from_argument,
    "argument default": argument_default,
    "environment": environment,
    "unset variable": unset,
    "stage": another_stage,
    "inherited variable": inherited,
    "copy from parent": from_parent,
    "named context": from_folder,
    "settings": settings_,
}
LINES: dict[str, Callable[[Draw], str]] = {**ANYWHERE, **SHELL}
