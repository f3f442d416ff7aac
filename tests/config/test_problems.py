"""What is wrong in a build.yaml: exact words, places and hints."""

from __future__ import annotations

import pytest

from mbuild.config.load import load
from mbuild.errors import ConfigError, ExitCode

Found = list[tuple[str, tuple[str, ...]]]
TREE = [
    "services/api/Dockerfile",
    "other/api/Dockerfile",
    "My_App/Dockerfile",
    "Dockerfile",
    "x/Dockerfile.dockerignore",
]
PATH_HINT = "write it relative to the folder of build.yaml"
OUT_HINT = "copy what is needed into the repository"
TOKEN = "has a password or token in it, which every builder would be given as an argument"
TOKEN_HINT = "leave it out; for git, BuildKit takes it from a secret: secrets: [{id: GIT_AUTH_TOKEN, env: NAME}]"
SEEN_HINT = "changes there cannot be seen; use 'contexts'"
NO_TAG = "is no tag: up to 128 letters, digits, '_', '.', '-', the first no '.' or '-'"
IMAGE_RULE = "lower-case letters and digits, with '.', '_', '-' or '/' between them"
IMAGE_KEYS = (
    "aliases, args, builder, cache_from, cache_to, context, contexts, depends_on, dockerfile, exclude, include, "
    "labels, platforms, secrets, ssh, tags, target, test"
)


def problems(text: str, folder: str = "") -> Found:
    with pytest.raises(ConfigError) as caught:
        load(text.encode(), shown="b.yaml", folder=folder, tree_paths=lambda _: TREE)
    assert caught.value.exit_code == ExitCode.USAGE
    return [(str(each).removeprefix("b.yaml:"), each.hints) for each in caught.value.problems]


WRONG: dict[str, tuple[str, Found]] = {
    "not a mapping": ("[a]", [("1:1: must be a mapping, not a list", ())]),
    "text": ("hello", [("1:1: must be a mapping, not text", ())]),
    "null": ("---\n~", [("2:1: must be a mapping, not nothing", ())]),
    "version": ("version: 2", [("1:10: version: this mbuild knows version 1, not '2'", ())]),
    "unknown key": ("projet: x", [("1:1: unknown key 'projet'", ("did you mean 'project'?",))]),
    "far key": (
        "zzz:",
        [("1:1: unknown key 'zzz'", ("known are defaults, discover, images, project, registry, version",))],
    ),
    "another program's": (
        "# theirs\nfleetVersion: 1\nzzz: {images: 2}",
        [
            (
                "2:1: none of these keys is mbuild's: the file seems to be another program's",
                (
                    "mbuild init --dry-run > mbuild.yaml writes its own, and --config mbuild.yaml uses it",
                    "mbuild's are defaults, discover, images, project, registry, version",
                ),
            )
        ],
    ),
    "all misspelled": (
        "projet: x\nimagse: {}",
        [
            ("1:1: unknown key 'projet'", ("did you mean 'project'?",)),
            ("2:1: unknown key 'imagse'", ("did you mean 'images'?",)),
        ],
    ),
    "one of them known": (
        "project: x\nzzz:\nyyy:",
        [
            ("2:1: unknown key 'zzz'", ("known are defaults, discover, images, project, registry, version",)),
            ("3:1: unknown key 'yyy'", ("known are defaults, discover, images, project, registry, version",)),
        ],
    ),
    "image key": (
        "images: {api: {Dockerfle: x}}",
        [("1:16: unknown key 'images.api.Dockerfle'", ("did you mean 'dockerfile'?",))],
    ),
    "far image key": (
        "images: {secrets: {zzz: 1}}",
        [("1:20: unknown key 'images.secrets.zzz'", (f"known are {IMAGE_KEYS}",))],
    ),
    "defaults key": (
        "defaults: {platform: []}",
        [("1:12: unknown key 'defaults.platform'", ("did you mean 'platforms'?",))],
    ),
    "patterns": (
        "images: {api: {include: [a, '[b'], exclude: ['!', ' ']}}",
        [
            ("1:29: images.api.include: malformed pattern '[b': its [ ] is not a class of characters", ()),
            ("1:46: images.api.exclude: there is nothing behind the !", ()),
            ("1:51: images.api.exclude: the pattern is empty", ()),
        ],
    ),
    "ssh": (
        "images: {api: {ssh: [a b, x=, default, default]}}",
        [
            ("1:22: images.api.ssh[0]: 'a b' is no ssh agent: 'default', or ID=PATH of a socket or key", ()),
            ("1:27: images.api.ssh[1]: 'x=' names no socket or key after '='", ()),
        ],
    ),
    "ssh twice": (
        "images: {api: {ssh: [a, a=/x]}}",
        [("1:25: images.api.ssh: the id 'a' is there twice", ())],
    ),
    "label": (
        "images: {api: {labels: {a=b: x, dev.mbuild.x: y}}}",
        [
            ("1:25: images.api.labels.a=b: 'a=b' is no name of a label", ()),
            ("1:33: images.api.labels.dev.mbuild.x: 'dev.mbuild.x' is a label that mbuild sets itself", ()),
        ],
    ),
    "cache": (
        "defaults: {cache_to: ['ref=x', '\"type=x', 'type=s3,Secret_Access_Key=x']}",
        [
            ("1:23: defaults.cache_to[0]: 'ref=x' describes no cache: type=registry,ref=… does", ()),
            ("1:32: defaults.cache_to[1]: '\"type=x' describes no cache", ()),
            (
                "1:43: defaults.cache_to[2]: 'secret_access_key' has no place in the description of a cache",
                ("leave it out: buildx takes it from the environment, as in AWS_SECRET_ACCESS_KEY",),
            ),
        ],
    ),
    "secret key": (
        "images: {api: {secrets: [{id: a, env: B, name: c}]}}",
        [("1:42: unknown key 'images.api.secrets[0].name'", ("known are env, file, id, src",))],
    ),
    "key with an escape": (
        '"a\\e\\nb": 1',
        [("1:1: unknown key 'a\\x1b\\nb'", ("known are defaults, discover, images, project, registry, version",))],
    ),
    "list for text": ("project: [a]", [("1:10: project: must be text, not a list", ())]),
    "mapping for text": ("project: {a: b}", [("1:10: project: must be text, not a mapping", ())]),
    "text for a list": (
        "images:\n  api:\n    tags: v1",
        [("3:11: images.api.tags: must be a list, not text", ("write [v1]",))],
    ),
    "long text for a list": (
        f"discover: {'x' * 40}",
        [("1:11: discover: must be a list, not text", ())],
    ),
    "mapping for a list": ("discover: {}", [("1:11: discover: must be a list, not a mapping", ())]),
    "list for a mapping": ("images: [api]", [("1:9: images: must be a mapping, not a list", ())]),
    "list for an image": ("images: {api: []}", [("1:15: images.api: must be a mapping, not a list", ())]),
    "text for an image": ("images: {api: x}", [("1:15: images.api: must be a mapping, not text", ())]),
    "text for defaults": ("defaults: x", [("1:11: defaults: must be a mapping, not text", ())]),
    "null in a list": (
        "discover: [a, ~]",
        [("1:15: discover[1]: must be text, not nothing", ())],
    ),
    "null arg": (
        "images: {api: {args: {A: }}}",
        [("1:26: images.api.args.A: must be text, not nothing", ('write "" for empty text',))],
    ),
    "null context": (
        "images: {api: {contexts: {a: }}}",
        [("1:30: images.api.contexts.a: must be text, not nothing", ())],
    ),
    "arg name": (
        "images: {api: {args: {A B: x}}}",
        [("1:23: images.api.args.A B: 'A B' is no name of a build argument", ())],
    ),
    "image name": (
        "images: {API: }",
        [(f"1:10: images.API: 'API' is no image name: {IMAGE_RULE}", ("did you mean 'api'?",))],
    ),
    "project": (
        "project: a.b",
        [("1:10: project: the project 'a.b' would be read as a registry", ("use 'registry' for a registry",))],
    ),
    "registry": (
        "registry: https://a.io",
        [("1:11: registry: 'https://a.io' is no registry: HOST[:PORT][/PATH] is", ("did you mean 'a.io'?",))],
    ),
    "builder": (
        "defaults: {builder: dokcer}",
        [
            (
                "1:21: defaults.builder: 'dokcer' is no builder; there are auto, buildx, docker, oci",
                ("did you mean 'docker'?",),
            )
        ],
    ),
    "platform": (
        "images: {api: {platforms: [linux]}}",
        [("1:28: images.api.platforms[0]: 'linux' is no platform: OS/ARCH[/VARIANT] is, as in linux/arm64", ())],
    ),
    "tag": (
        "images: {api: {tags: ['a:b']}}",
        [(f"1:23: images.api.tags[0]: 'a:b' {NO_TAG}", ("give the tag alone, without the image's name",))],
    ),
    "placeholder": (
        "images: {api: {tags: ['{sha}']}}",
        [
            (
                "1:23: images.api.tags[0]: '{sha}': unknown placeholder '{sha}'",
                ("known are {branch}, {commit}, {fingerprint}, {short_commit}",),
            )
        ],
    ),
    "empty text": ("images: {api: {target: ''}}", [("1:24: images.api.target: must not be empty", ())]),
    "alias": ("images: {api: {aliases: [A B]}}", [("1:26: images.api.aliases[0]: 'A B' is no image reference", ())]),
    "context name": (
        "images: {api: {contexts: {A B: x}}}",
        [("1:27: images.api.contexts.A B: 'A B' is no image reference", ())],
    ),
    "secret without id": (
        "images: {api: {secrets: [{env: A}]}}",
        [("1:26: images.api.secrets[0]: the key 'id' is missing", ())],
    ),
    "secret id": (
        "images: {api: {secrets: [{id: 'a,b', env: A}]}}",
        [("1:31: images.api.secrets[0].id: 'a,b' is no secret id: letters, digits, '_', '.', '-'", ())],
    ),
    "secret variable": (
        "images: {api: {secrets: [{id: a, env: A B}]}}",
        [("1:39: images.api.secrets[0].env: 'A B' is no name of an environment variable", ())],
    ),
    "secret with two sources": (
        "images: {api: {secrets: [{id: a, env: A, file: b}]}}",
        [("1:26: images.api.secrets[0]: the secret 'a' needs one of env, file or src", ())],
    ),
    "secret without a source": (
        "images: {api: {secrets: [{id: a}]}}",
        [("1:26: images.api.secrets[0]: the secret 'a' needs one of env, file or src", ())],
    ),
    "secret twice": (
        "images: {api: {secrets: [{id: a, env: A}, {id: a, env: B}]}}",
        [("1:43: images.api.secrets: the id 'a' is there twice", ())],
    ),
    "test as text": (
        "images: {api: {test: make test}}",
        [
            (
                "1:22: images.api.test: must be a list, the command, or a mapping, not text",
                ('a command in the image\'s shell is [sh, -c, "…"]',),
            )
        ],
    ),
    "test without a program": (
        "images: {api: {test: []}, web: {test: ['', x]}}",
        [
            ("1:22: images.api.test: the command needs a program", ()),
            ("1:39: images.web.test: the command needs a program", ()),
        ],
    ),
    "test with an argument that is none": (
        "images: {api: {test: [a, [b]]}, web: {test: {command: [a, ~]}}}",
        [
            ("1:26: images.api.test[1]: must be text, not a list", ()),
            ("1:59: images.web.test.command[1]: must be text, not nothing", ()),
        ],
    ),
    "test of nothing": ("images: {api: {test: {}}}", [("1:22: images.api.test: a test needs a command, or files", ())]),
    "test key": (
        "images: {api: {test: {comand: [a], zzz: b}}}",
        [
            ("1:23: unknown key 'images.api.test.comand'", ("did you mean 'command'?",)),
            ("1:36: unknown key 'images.api.test.zzz'", ("known are command, files, timeout",)),
        ],
    ),
    "test in a mapping": (
        "images: {api: {test: {command: x, timeout: 0}}, web: {test: {command: [a], timeout: soon}}}",
        [
            ("1:32: images.api.test.command: must be a list, not text", ("write [x]",)),
            ("1:44: images.api.test.timeout: '0' is no time limit: 90s, 1m30s or 2h", ()),
            ("1:85: images.web.test.timeout: 'soon' is no time limit: 90s, 1m30s or 2h", ()),
        ],
    ),
    "file of a test": (
        "images: {api: {test: {files: {a: , /b//c: , /d: {mode: 9, owner: root}, /e: {type: dir, typ: x}}}}}",
        [
            ("1:31: images.api.test.files.a: 'a' is no path in an image: it begins with '/'", ()),
            (
                "1:36: images.api.test.files./b//c: '/b//c' is not the shortest way to write that path",
                ("write '/b/c'",),
            ),
            ("1:56: images.api.test.files./d.mode: '9' is no mode: three or four octal digits, as in 0755", ()),
            (
                "1:66: images.api.test.files./d.owner: 'root' is no owner: UID or UID:GID in numbers, as in 1000:1000",
                (),
            ),
            (
                "1:84: images.api.test.files./e.type: 'dir' is no type of a file; there are file, directory, symlink, "
                "absent",
                (),
            ),
            ("1:89: unknown key 'images.api.test.files./e.typ'", ("did you mean 'type'?",)),
        ],
    ),
    "file that is absent": (
        "images: {api: {test: {files: {/a: {type: absent, mode: 755}}}}}",
        [("1:35: images.api.test.files./a: what is absent has neither mode nor owner", ())],
    ),
    "absolute": (
        "images: {api: {dockerfile: /x/D}}",
        [("1:28: images.api.dockerfile: '/x/D' is absolute", (PATH_HINT,))],
    ),
    "drive": (
        "images: {api: {context: 'C:/x'}}",
        [("1:25: images.api.context: 'C:/x' is absolute", (PATH_HINT,))],
    ),
    "backslash": (
        "images: {api: {context: a\\b}}",
        [("1:25: images.api.context: 'a\\b' has a backslash", ("write '/' between folders",))],
    ),
    "outside": (
        "images: {api: {dockerfile: a/../../D}}",
        [("1:28: images.api.dockerfile: 'a/../../D' leads out of the repository", (OUT_HINT,))],
    ),
    "outside folder": (
        "images: {api: {context: ..}}",
        [("1:25: images.api.context: '..' leads out of the repository", (OUT_HINT,))],
    ),
    "remote context": (
        "images: {api: {context: 'https://example.com/x.git'}}",
        [("1:25: images.api.context: 'https://example.com/x.git' is not in this repository", (SEEN_HINT,))],
    ),
    "remote context by ssh": (
        "images: {api: {context: 'git@example.com:x'}}",
        [("1:25: images.api.context: 'git@example.com:x' is not in this repository", (SEEN_HINT,))],
    ),
    "folder for a Dockerfile": (
        "images: {api: {dockerfile: .}, web: {dockerfile: a/}}",
        [
            ("1:28: images.api.dockerfile: '.' is a folder", ("name the file itself",)),
            ("1:50: images.web.dockerfile: 'a/' is a folder", ("name the file itself",)),
        ],
    ),
    "context out": (
        "images: {api: {contexts: {x: ../x}}}",
        [("1:30: images.api.contexts.x: '../x' leads out of the repository", (OUT_HINT,))],
    ),
    "context with a password": (
        "images: {api: {contexts: {x: 'https://me:pw@example.com/x.git'}}}",
        [(f"1:30: images.api.contexts.x: 'https://***@example.com/x.git' {TOKEN}", (TOKEN_HINT,))],
    ),
    "context of an unknown image": (
        "images: {api: {contexts: {x: 'image:tols'}}, tools: }",
        [("1:30: images.api.contexts.x: there is no image 'tols'", ("did you mean 'tools'?",))],
    ),
    "context of itself": (
        "images: {api: {contexts: {x: 'image:api'}}}",
        [("1:30: images.api.contexts.x: an image cannot need itself", ())],
    ),
    "context twice": (
        "images: {api: {contexts: {alpine: a, 'docker.io/library/alpine:latest': b}}}",
        [("1:73: images.api.contexts: 'alpine' and 'docker.io/library/alpine:latest' are the same name", ())],
    ),
    "context of a kind with a slip": (
        "images: {api: {contexts: {x: 'imgae:api'}}}",
        [
            (
                "1:30: images.api.contexts.x: 'imgae:api' is no context that mbuild knows",
                ("did you mean 'image:api'?", "a folder: './imgae:api'"),
            )
        ],
    ),
    "context of an unknown kind": (
        "images: {api: {contexts: {x: 'local:api'}}}",
        [("1:30: images.api.contexts.x: 'local:api' is no context that mbuild knows", ("a folder: './local:api'",))],
    ),
    "context image with slashes": (
        "images: {api: {contexts: {x: 'image://api'}}}",
        [
            (
                "1:30: images.api.contexts.x: 'image://api' is no context that mbuild knows",
                ("did you mean 'image:api'?", "a folder: './image://api'"),
            )
        ],
    ),
    "context without slashes": (
        "images: {api: {contexts: {x: 'docker-image:a'}}}",
        [("1:30: images.api.contexts.x: 'docker-image:a' lacks '//'", ("did you mean 'docker-image://a'?",))],
    ),
    "context layout without slashes": (
        "images: {api: {contexts: {x: 'oci-layout:a'}}}",
        [("1:30: images.api.contexts.x: 'oci-layout:a' lacks '//'", ("did you mean 'oci-layout://a'?",))],
    ),
    "passwords in contexts": (
        "images: {api: {contexts: {x: 'docker-image://me:s3cret@a.io/x', y: 'oci-layout:me:s3cret@a.io/x'}}}",
        [
            ("1:30: images.api.contexts.x: '***@a.io/x' is no image reference", ()),
            (
                "1:68: images.api.contexts.y: 'oci-layout:***@a.io/x' lacks '//'",
                ("did you mean 'oci-layout://***@a.io/x'?",),
            ),
        ],
    ),
    "passwords in caches": (
        "defaults: {cache_to: ['type=s3,secret_access_key=a,b', '\"secret_access_key=\"a,b', 'TOKEN=a']}",
        [
            (
                "1:23: defaults.cache_to[0]: 'type=s3,secret_access_key=***' describes no cache: "
                "type=registry,ref=… does",
                (),
            ),
            ("1:56: defaults.cache_to[1]: '\"secret_access_key=***' describes no cache", ()),
            ("1:83: defaults.cache_to[2]: 'TOKEN=***' describes no cache: type=registry,ref=… does", ()),
        ],
    ),
    "context of a malformed image": (
        "images: {api: {contexts: {x: 'docker-image://A B'}}}",
        [("1:30: images.api.contexts.x: 'A B' is no image reference", ())],
    ),
    "context of a layout that may change": (
        "images: {api: {contexts: {x: 'oci-layout://x:1'}}}",
        [
            (
                "1:30: images.api.contexts.x: 'oci-layout://x:1' has no digest, so a change of it could not be seen",
                ("add '@sha256:…'",),
            )
        ],
    ),
    "depends on nothing": (
        "images: {api: {depends_on: [bse]}, base: }",
        [("1:29: images.api.depends_on: there is no image 'bse'", ("did you mean 'base'?",))],
    ),
    "depends on itself": (
        "images: {api: {depends_on: [api]}}",
        [("1:29: images.api.depends_on: an image cannot need itself", ())],
    ),
    "alias of two": (
        "images:\n  a: {aliases: [acme/x]}\n  b: {aliases: ['docker.io/acme/x']}",
        [("3:17: the alias 'docker.io/acme/x' means both 'a' and 'b'", ())],
    ),
    "alias that is a full name": (
        "project: p\nimages: {a: {aliases: [p/b]}, b: }",
        [("2:24: the alias 'p/b' means both 'b' and 'a'", ())],
    ),
    "one repository": (
        "images: {redis: , library/redis: }",
        [("1:10: 'library/redis' and 'redis' are one repository, 'docker.io/library/redis'", ("rename one of them",))],
    ),
    "scratch": (
        "images: {scratch: }",
        [("1:10: an image cannot be called 'scratch': Docker keeps that name", ("set 'project'",))],
    ),
    "long name": (
        f"registry: a.io/{'x' * 200}\nimages: {{{'y' * 55}: }}",
        [
            (
                f"2:10: images.{'y' * 55}: 'a.io/{'x' * 54}…' is no image reference: longer than 255 characters",
                (),
            )
        ],
    ),
    "discovered twice": (
        "discover: ['*/api/Dockerfile']",
        [
            (
                "1:12: discover: 'other/api/Dockerfile' and 'services/api/Dockerfile' would both be the image 'api'",
                ("define one of them below 'images', or take one away with a '!' pattern",),
            )
        ],
    ),
    "discovered elsewhere": (
        "discover: [services/*/Dockerfile]\nimages: {api: {dockerfile: x/Dockerfile}}",
        [
            (
                "2:28: the image 'api' is 'x/Dockerfile' here, and discover finds 'services/api/Dockerfile'",
                ("the pattern is at b.yaml:1:12", "rename this image, or take that file away with a '!' pattern"),
            )
        ],
    ),
    "discovered without a name": (
        "discover: ['*/Dockerfile', Dockerfile]",
        [
            (
                "1:12: discover: the folder of 'My_App/Dockerfile' gives no image name",
                ("define it below 'images', with dockerfile: 'My_App/Dockerfile'",),
            ),
            (
                "1:28: discover: the folder of 'Dockerfile' gives no image name",
                ("define it below 'images', with dockerfile: 'Dockerfile'",),
            ),
        ],
    ),
    "discover outside": (
        "discover: ['../*/Dockerfile', '!/x']",
        [
            ("1:12: discover: '../*/Dockerfile' leads out of the repository", (OUT_HINT,)),
            ("1:31: discover: '/x' is absolute", (PATH_HINT,)),
        ],
    ),
    "called like pydantic's mark of a key": (
        'images: {api: {args: {"[key]": }, labels: {"[key]": [1]}, contexts: {"[key]": x}}, "[key]": {}}',
        [
            ("1:32: images.api.args.[key]: must be text, not nothing", ('write "" for empty text',)),
            ("1:53: images.api.labels.[key]: must be text, not a list", ()),
            ("1:70: images.api.contexts.[key]: '[key]' is no image reference", ()),
            (
                "1:84: images.[key]: '[key]' is no image name: lower-case letters and digits, "
                "with '.', '_', '-' or '/' between them",
                ("did you mean 'key'?",),
            ),
        ],
    ),
    "discover nothing": (
        "discover: ['!']",
        [("1:12: discover: the path is empty", ("write '.' for the folder of build.yaml",))],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused_with_its_place(name: str) -> None:
    text, expected = WRONG[name]
    assert problems(text) == expected


def test_all_problems_come_at_once_in_order() -> None:
    text = (
        "images:\n  b:\n    context: /x\n    depends_on: [c]\n  a:\n    dockerfile: ../D\n    contexts: {x: image:z}\n"
    )
    assert [message for message, _ in problems(text)] == [
        "3:14: images.b.context: '/x' is absolute",
        "4:18: images.b.depends_on: there is no image 'c'",
        "6:17: images.a.dockerfile: '../D' leads out of the repository",
        "7:19: images.a.contexts.x: there is no image 'z'",
    ]


TOGETHER = {
    "of both kinds": (
        "images:\n  b:\n    tagz: [x]\n    args: 3\n    depends_on: [c]\n  a: [x]\n  d: {depends_on: [a, e]}",
        [
            "3:5: unknown key 'images.b.tagz'",
            "4:11: images.b.args: must be a mapping, not text",
            "5:18: images.b.depends_on: there is no image 'c'",
            "6:6: images.a: must be a mapping, not a list",
            "7:23: images.d.depends_on: there is no image 'e'",
        ],
    ),
    "in one list": (
        'images:\n  a: {tags: [ok, "", "-"], context: /x}\n  b: {tags: ["-"], depends_on: [b]}',
        [
            f"2:18: images.a.tags[1]: '' {NO_TAG}",
            f"2:22: images.a.tags[2]: '-' {NO_TAG}",
            "2:37: images.a.context: '/x' is absolute",
            f"3:14: images.b.tags[0]: '-' {NO_TAG}",
            "3:33: images.b.depends_on: an image cannot need itself",
        ],
    ),
    "beside what the top says": (
        'version: 2\nproject: A\nregistry: "-"\ndefaults: {args: 1}\nimages: {a: {depends_on: [b]}}',
        [
            "1:10: version: this mbuild knows version 1, not '2'",
            "2:10: project: 'A' is no project name: lower-case letters and digits, with '_', '-' between them",
            "3:11: registry: '-' is no registry: HOST[:PORT][/PATH] is",
            "4:18: defaults.args: must be a mapping, not text",
            "5:27: images.a.depends_on: there is no image 'b'",
        ],
    ),
    "a name that is wrong may be meant elsewhere": (
        "images: {A: {}, b: {depends_on: [a]}}",
        [f"1:10: images.A: 'A' is no image name: {IMAGE_RULE}"],
    ),
    "a key that nobody knows may be discover": (
        "discovr: [services/*]\nimages: {b: {depends_on: [api]}}",
        ["1:1: unknown key 'discovr'"],
    ),
    "images that are none": ("images: [a]", ["1:9: images: must be a mapping, not a list"]),
    "what a part less makes wrong": (
        "images: {a: {secrets: [{id: x, envv: Y}], depends_on: [c], test: {files: {/x: {tipe: file}}, command: []}}}",
        [
            "1:32: unknown key 'images.a.secrets[0].envv'",
            "1:56: images.a.depends_on: there is no image 'c'",
            "1:80: unknown key 'images.a.test.files./x.tipe'",
            "1:103: images.a.test.command: the command needs a program",
        ],
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_what_is_wrong_comes_together_and_nothing_that_follows_from_it(name: str) -> None:
    text, expected = TOGETHER[name]
    assert [message for message, _ in problems(text)] == expected


def test_discover_without_a_tree_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load(b"discover: [a]", shown="b.yaml", folder="")
    assert str(caught.value) == "b.yaml:1:12: discover: there is no git tree to look in"


def test_a_flood_of_wrong_names_ends() -> None:
    names = ", ".join(f"x{number}" for number in range(5000))
    found = problems(f"images: {{a: {{depends_on: [{names}]}}}}")
    assert len(found) == 51
    assert found[-1][0].endswith(": there is more; these are the first 50")
