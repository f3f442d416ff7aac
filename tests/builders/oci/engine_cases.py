# ruff: noqa: E501 - a case reads best as one line
"""Dockerfiles over one tree, for comparison with a real engine. Each name says what the case is about."""

from __future__ import annotations

import io
import tarfile

EPOCH = 1_600_000_000


def archive(kind: str = "", *members: tuple[str, bytes, str]) -> bytes:
    """Return a tar of (name, tar type, content or link target); kind as ``tarfile.open`` has it."""
    out = io.BytesIO()
    mode: str = f"w:{kind}"
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for name, type_, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.uid, info.gid = type_, EPOCH, 1001, 1002
            info.mode = 0o750 if type_ == tarfile.DIRTYPE else 0o640
            if type_ == tarfile.REGTYPE:
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
                continue
            info.linkname = text
            if type_ == tarfile.CHRTYPE:
                info.devmajor, info.devminor, info.linkname = 1, 3, ""
            tar.addfile(info)
    return out.getvalue()


FILE, FOLDER, LINK, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE

PLAIN = (("top", FILE, "top"), ("in/", FOLDER, ""), ("in/file", FILE, "file"), ("deep/er/file", FILE, "deeper"))
HOSTILE = (
    ("../up", FILE, "up"),
    ("/abs/file", FILE, "abs"),
    ("a/../../../b", FILE, "b"),
    ("etc/", FOLDER, ""),
    ("out", LINK, "../../../../etc"),
    ("out/passwd", FILE, "hacked"),
    ("absolute", LINK, "/jail"),
    ("jail/", FOLDER, ""),
    ("absolute/inside", FILE, "inside"),
    ("hard", HARD, "../../up"),
    ("fifo", tarfile.FIFOTYPE, ""),
    ("null", tarfile.CHRTYPE, ""),
    ("dangling", LINK, "nowhere/at/all"),
)
REPLACING = (
    ("x", FOLDER, ""),
    ("x/old", FILE, "old"),
    ("x", FILE, "now a file"),
    ("x", FOLDER, ""),
    ("x/new", FILE, "new"),
    ("./", FOLDER, ""),
    ("lib/", FOLDER, ""),
    ("lib/so", FILE, "so"),
    ("bin/sh", FILE, "sh"),
)
HARDLINKS = (
    ("one", FILE, "same"),
    ("two", HARD, "one"),
    ("d/three", HARD, "one"),
    ("sym", LINK, "one"),
    ("hs", HARD, "sym"),
)

TREE: dict[str, str | bytes | None] = {
    "a": "a\n",
    "b": "bb\n",
    "run.sh*": "#!/bin/sh\n",
    "d/x": "x\n",
    "d/sub/y": "y\n",
    "d/sub/deep/z.txt": "z\n",
    "d2/z": "z2\n",
    "d2/sub/other": "o\n",
    "empty/": None,
    "dl@": "d",
    "al@": "a",
    "links/up@": "../a",
    "links/abs@": "/a",
    "links/dangling@": "nowhere",
    "links/loop/self@": "../loop",
    "chain1@": "chain2",
    "chain2@": "d/sub",
    "na me/with space": "s\n",
    "unié": "u\n",
    "st*ar": "literal star\n",
    "q[1]": "brackets\n",
    "passwd": "root:x:0:0::/:/bin/sh\n# comment\napp:x:77:88::/:/bin/sh\nbroken\n",
    "group": "root:x:0:\ngrp:x:99:\n",
    "plain.tar": archive("", *PLAIN),
    "plain.tgz": archive("gz", *PLAIN),
    "plain.tbz": archive("bz2", *PLAIN),
    "plain.txz": archive("xz", *PLAIN),
    "hostile.tar": archive("", *HOSTILE),
    "replacing.tar": archive("", *REPLACING),
    "hardlinks.tar": archive("", *HARDLINKS),
    "text.gz": __import__("gzip").compress(b"no tar at all\n" * 100, mtime=0),
    "zeros.tar": bytes(10240),
    "short.tar": archive("", *PLAIN)[:300],
}

FILES: dict[str, str] = {
    "file to a new name, a folder, the root": "COPY a /new\nCOPY a /dir/\nCOPY a /\nCOPY run.sh b /bin/",
    "several sources without a final slash: the last one wins": "COPY a b /c",
    "folder gives its contents": "COPY d /x\nCOPY d/ /y/\nCOPY d/. /z\nCOPY d /x/inside",
    "everything": "COPY . /all",
    "everything twice, over itself": "COPY . /all/\nCOPY . /all/",
    "sources outside and rooted": "COPY ../a /x1\nCOPY /a /x2\nCOPY a/ /x3\nCOPY d/../b /x4\nCOPY ./a ./x5",
    "empty folder": "COPY empty /e\nCOPY empty/ /\nCOPY empty /new/e/",
    "wildcards": "COPY d*/ /w1/\nCOPY [ab] /w2/\nCOPY d/*/*/z.* /w3/\nCOPY nothing* /w4/\nCOPY ?l /w5/\nCOPY *.sh /w6",
    "wildcard that matches one folder": "COPY empt* /w\nCOPY d/s?b /v/",
    "names with wildcard characters": 'COPY ["q[[]1]", "/2/"]\nCOPY ["na me", "/3 3"]',
    "names that are not ASCII": "COPY unié /ü/ñ",
    "links named directly are followed": "COPY al /1\nCOPY dl /2\nCOPY dl/sub /3/\nCOPY chain1 /4\nCOPY chain1/deep /5",
    "links named directly keep their own name": "COPY al links/up links/abs /x/",
    "links inside a folder stay links": "COPY links /l",
    "destination is a link in the image": (
        "COPY . /m/\nCOPY a /m/dl/new\nCOPY b /m/dl\nCOPY b /m/al\nCOPY d2 /m/dl\nCOPY d2 /m/links/dangling\n"
        "COPY b /m/chain1/deep/\nCOPY a /m/links/abs"
    ),
    "file over a file": "COPY a /x\nCOPY b /x",
    "folder over a folder": "COPY d /x\nCOPY d2 /x",
    "destinations relative to WORKDIR": "WORKDIR /w/v\nCOPY a b ./\nCOPY a .\nCOPY a ..\nCOPY a ../up\nCOPY a s/.\nCOPY d .",
    "WORKDIR": "WORKDIR /\nCOPY a x\nWORKDIR one\nWORKDIR two/../three\nWORKDIR /one\nCOPY a .\nWORKDIR ../four",
    "WORKDIR twice": "WORKDIR /w\nWORKDIR /w\nWORKDIR .",
    "WORKDIR through links": "COPY . /m\nWORKDIR /m/dl/sub\nCOPY a .\nWORKDIR /m/links/dangling/in\nCOPY b .",
    "WORKDIR of a user": "USER 7:8\nWORKDIR /k/l\nUSER 9\nWORKDIR m\nUSER root\nWORKDIR /n",
    "WORKDIR of a named user": "COPY passwd group /etc/\nUSER app:grp\nWORKDIR /k/l\nUSER app\nWORKDIR /o\nUSER nobody\nWORKDIR /p",
    "chown by number": "COPY --chown=12 a /1\nCOPY --chown=12:13 d /2/3/4\nCOPY --chown=12: a /5\nCOPY --chown=:13 a /6/7",
    "chown by name": (
        "COPY passwd group /etc/\nCOPY --chown=app:grp a /r/s/\nCOPY --chown=app d /t\nCOPY --chown=:grp a /v\n"
        "COPY --chown=app:nogrp a /w\nCOPY --chown=nobody a /u\nCOPY --chown=root:root a /o\nCOPY --chown=app:5 . /all"
    ),
    "chown over what is there": "COPY d /x\nCOPY --chown=3:4 d /x\nCOPY d2 /x",
    "chmod": "COPY --chmod=640 a /1\nCOPY --chmod=4755 a run.sh /2/\nCOPY --chmod=0700 d /3\nCOPY --chmod=1777 links /4",
    "chmod and chown": "COPY --chmod=711 --chown=1:2 d /x",
    "here-documents": (
        'COPY a <<ONE <<"TWO" <<-THREE /h/\none $PATH ${NONE:-none}\nONE\ntwo $PATH\nTWO\n\tthree\n\t\tfour\nTHREE\n'
        "COPY <<EOF /h/named\nnamed\nEOF\nCOPY --chmod=755 --chown=4 <<EOF /s\n#!\nEOF\nCOPY <<EOF /h\nin folder\nEOF"
    ),
    "environment in sources and destinations": "ARG F=a\nENV D=/dest\nCOPY $F ${D}/x\nCOPY ${F:-b} $D/y/",
    "ADD of archives": "ADD plain.tar /1\nADD plain.tgz /2/\nADD plain.tbz /3/4\nADD plain.txz /",
    "ADD of what is no archive": "ADD text.gz /1\nADD zeros.tar /2\nADD short.tar /3\nADD a d /4/\nADD al /5",
    "ADD of several": "ADD plain.tar plain.tgz a /x/\nADD plain.t?? /y/",
    "ADD into a link": "COPY . /m/\nADD plain.tar /m/dl\nADD replacing.tar /m/links/dangling",
    "ADD of a hostile archive": "ADD hostile.tar /jail/in\nADD hostile.tar /",
    "ADD of an archive that replaces its own": "ADD replacing.tar /r\nADD replacing.tar /r",
    "ADD of an archive over links": "COPY . /m/\nADD replacing.tar /m/links\nADD hardlinks.tar /m",
    "ADD of hard links": "ADD hardlinks.tar /h",
    "COPY of an archive": "COPY plain.tar hostile.tar /x/",
    "link": "COPY --link a /l/1\nCOPY --link --chown=5:6 d /l2\nCOPY --link --chmod=600 a /l/3\nADD --link plain.tar /l4",
}

STAGES: dict[str, str] = {
    "file over a link in a folder replaces the link": (
        "FROM scratch AS one\nCOPY b /t/al\nFROM scratch\nCOPY . /m/\nCOPY --from=one /t/al /m/"
    ),
    "copy between stages": (
        "FROM scratch AS one\nCOPY --chown=5:6 . /src\nWORKDIR /w\nFROM scratch\nCOPY --from=one /src/d /d\n"
        "COPY --from=0 /src/links/ /links\nCOPY --from=one src/al /al\nCOPY --from=one /src/d* /w /y"
    ),
    "copy everything between stages": "FROM scratch AS one\nADD hostile.tar hardlinks.tar /r/\nFROM scratch\nCOPY --from=one / /",
    "folder modes of a stage": "FROM scratch AS one\nADD plain.tar /p\nFROM scratch\nCOPY --from=one /p/in /in\nCOPY --from=one /p /p",
    "stage from a stage": "FROM scratch AS one\nCOPY a /\nWORKDIR /w\nENV X=1\nUSER 3\nFROM one\nCOPY b .\nWORKDIR sub",
    "names of the stage it goes to": (
        "FROM scratch AS one\nCOPY passwd group /etc/\nFROM one AS two\nCOPY --chown=app a /x\nFROM scratch\n"
        "COPY --from=two / /\nCOPY --chown=app:grp a /y"
    ),
    "onbuild of a stage": "FROM scratch AS one\nONBUILD COPY a /from-trigger\nONBUILD ENV T=1\nFROM one\nCOPY b /b",
}

CONFIGS: dict[str, str] = {
    "nothing but a file": "COPY a /a",
    "environment": 'ENV A=1 B="two words" C=\\$x\nENV A=3\nENV PATH=/opt:$PATH\nENV OLD style value\nENV E=',
    "labels": 'LABEL a=1 b="x y" "c d"=e\nLABEL a=2\nLABEL old style',
    "arguments": "ARG A=1\nARG B\nARG C=2 D=3 E\nENV X=$A$C",
    "command in both forms": 'CMD echo "hi" $HOME\nCMD ["a", "b c", "\\u00e9"]',
    "command as shell": "CMD echo 'hi'   there && true",
    "empty command": "CMD []\nENTRYPOINT []",
    "entrypoint alone": 'ENTRYPOINT ["/x"]',
    "entrypoint after command": 'CMD ["a"]\nENTRYPOINT ["/x"]',
    "entrypoint as shell": 'SHELL ["/bin/bash", "-eu", "-c"]\nENTRYPOINT run $X\nCMD more',
    "user, volumes, ports, signal": (
        'USER app:grp\nVOLUME /a /b\nVOLUME ["/c d"]\nEXPOSE 80 53/udp 1000-1003/tcp\nARG P=99\nEXPOSE $P/SCTP\n'
        "STOPSIGNAL SIGTERM\nMAINTAINER me <me@example.com>"
    ),
    "health check": "HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=250ms --retries=4 CMD curl -f http://x || exit 1",
    "health check in exec form": 'HEALTHCHECK --start-interval=5s CMD ["curl", "x"]',
    "no health check": "HEALTHCHECK NONE",
    "triggers": "ONBUILD COPY . /app\nONBUILD RUN make  it\nONBUILD ENV A=b",
    "working folder": "WORKDIR /x/b\nWORKDIR ../c/",
}

CONFIG_STAGES: dict[str, str] = {
    "file over a link in a folder replaces the link": (
        "FROM scratch AS one\nCOPY a /a\nCOPY b /t/al\nFROM scratch\nCOPY . /m/\nCOPY --from=one /t/al /m/"
    ),
    "entrypoint resets the command of its base": (
        'FROM scratch AS one\nCOPY a /a\nCMD ["a"]\nENV A=1\nLABEL l=1\nEXPOSE 1\nVOLUME /v\nHEALTHCHECK CMD x\nSTOPSIGNAL 9\n'
        'FROM one\nENTRYPOINT ["b"]\nENV A=2 B=3\nLABEL m=2'
    ),
    "triggers are not handed on": "FROM scratch AS one\nCOPY a /a\nONBUILD ENV A=1\nONBUILD WORKDIR /t\nFROM one AS two\nENV B=$A\nFROM two\nENV C=1",
}

SINCE_27 = {
    "destinations relative to WORKDIR": "a destination of `s/.` is a folder there, and is made",
    "chmod": "a folder that COPY makes has the mode that --chmod says",
    "chmod and chown": "a folder that COPY makes has the mode that --chmod says",
    "ADD of a hostile archive": "an archive with a name outside of itself is refused",
    "copy everything between stages": "an archive with a name outside of itself is refused",
}
"""What the BuildKit of Docker 27 and newer does otherwise than that of 26, which the embedded builder is held against."""

FAILING: dict[str, str] = {
    "missing file": "COPY missing /x",
    "missing folder before a wildcard": "COPY missing/*.txt /x/",
    "dangling link": "COPY links/dangling /x",
    "folder over a file": "COPY a /x\nCOPY d /x",
    "file over a folder": "COPY d /x/x\nCOPY d/ /x/",
    "folder over a link to a folder": "COPY . /m/\nCOPY dl/ /n/dl\nCOPY d /m/x\nCOPY links /m/dl/x\nCOPY d2 /m/links/up/q",
    "file as a folder": "COPY a /x\nCOPY b /x/y",
    "WORKDIR on a file": "COPY a /x\nWORKDIR /x/y",
    "owner by name in an empty image": "COPY --chown=app a /x",
    "archive cut short": "ADD cut.tar /x",
    "archive into a file": "COPY a /x\nADD plain.tar /x",
    "hard link to nothing": "ADD nolink.tar /x",
    "archive through a dangling link": "ADD dangling.tar /x",
    "from scratch": "COPY --from=scratch a /x",
}
FAILING_TREE: dict[str, str | bytes | None] = {
    "cut.tar": archive("", ("big", FILE, "x" * 5000), ("more", FILE, "y"))[:3000],
    "dangling.tar": archive("", ("out", LINK, "../etc"), ("out/passwd", FILE, "x")),
    "nolink.tar": archive("", ("h", HARD, "nothing")),
}
