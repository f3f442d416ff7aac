"""Puts the canaries where they belong: into a repository, a home, a configuration of Docker and an environment."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import mbuild
from mbuild.builders.buildx import find_docker
from tests.secrets.canaries import ENVIRONMENT, HOME, UNSEEN, Values
from tests.secrets.recording import record
from tests.secrets.servers import Noted

BUSYBOX = Path("/bin/busybox")
SHOW = """\
cd /run/secrets
for each in $( (/bin/busybox cat *; echo "$HTTP_PROXY") | /bin/busybox grep -o 'cnry[0-9a-f]\\{24\\}'); do
  printf %s "$each" | /bin/busybox sha256sum
done
echo careless:
/bin/busybox cat *
"""
RUN = """\
FROM scratch
COPY busybox /bin/busybox
COPY show.sh nonce /
RUN --mount=type=secret,id=one --mount=type=secret,id=two --mount=type=secret,id=three \\
    ["/bin/busybox", "sh", "-c", "/bin/busybox sh /show.sh; exit {code}"]
"""
CONFIG = """\
version: 1
registry: {registry}/shop
images:
  web: {{dockerfile: web/Dockerfile, context: .}}
  sealed: {{dockerfile: sealed/Dockerfile, secrets: {secrets}}}
  broken: {{dockerfile: broken/Dockerfile, secrets: {secrets}}}
  fetched: {{dockerfile: fetched/Dockerfile}}
"""
SECRETS = "[{{id: one, env: BUILD_SECRET}}, {{id: two, file: {home}/secret.txt}}, {{id: three, file: .secret}}]"
OUTSIDE = """\
version: 1
images:
  web:
    dockerfile: web/Dockerfile
    contexts: {{elsewhere: "https://user:{password}@example.com/x.git"}}
"""
COMPOSE = """\
services:
  web:
    build:
      context: .
      additional_contexts:
        elsewhere: https://{token}@example.com/x.git
      args: {{GIVEN: "${{NPM_TOKEN}}", NPM_TOKEN: , HIDDEN: "${{IN_DOTENV}}"}}
"""
BAKE = """\
variable "NPM_TOKEN" {}
target "default" {
  context = "."
  args = { GIVEN = NPM_TOKEN }
}
"""
AUTHOR = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")


@dataclass(slots=True)
class World:
    """Everything that was planted. planted: files that are canaries' own places, so not searched.

    servers: by name. remotes: small repositories by the name of the canary that is in their remote's way.
    """

    top: Path
    values: Values
    servers: Mapping[str, Noted]
    environment: dict[str, str] = field(default_factory=dict)
    planted: set[Path] = field(default_factory=set)
    there: dict[str, Path] = field(default_factory=dict)
    remotes: dict[str, Path] = field(default_factory=dict)

    @property
    def repo(self) -> Path:
        return self.top / "repo"

    @property
    def home(self) -> Path:
        return self.top / "home"

    @property
    def log(self) -> Path:
        """Where the arguments of processes are recorded."""
        return self.top / "argv"

    def write(self, path: Path, text: str, *, secret: bool = True) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if secret:
            self.planted.add(path)
        return path

    def git(self, folder: Path, *args: str) -> None:
        plain = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *AUTHOR, *args], cwd=folder, env=plain, check=True, capture_output=True)


def plant(world: World, cert: Path) -> None:
    """Plant every canary. cert: of the registries."""
    _home(world)
    _docker(world)
    _repository(world)
    _remotes(world)
    _stated(world)
    world.environment.update(_environment(world, cert))


def _home(world: World) -> None:
    values, home, servers = world.values, world.home, world.servers
    for name in HOME:
        world.there[name] = world.write(home / name, f"key = {values[name]}\n")
    first, second = values["build secret from a file"], values["build secret on the second line of a file"]
    world.write(home / "secret.txt", f"{first}\n{second}\n")
    netrc = values["password in .netrc"]
    world.write(home / ".netrc", f"machine 127.0.0.2 login user password {netrc}\n")
    store = values["password in git's credential store"]
    world.write(home / ".git-credentials", f"http://user:{store}@{servers['store'].host}\n")
    instead = f'[url "http://user:{values["password in a URL of insteadOf"]}@{servers["git"].host}/instead"]'
    header = f"X-Token: {values['http.extraHeader in .gitconfig']}"
    world.write(
        home / ".gitconfig",
        "[core]\nexcludesFile = ~/.ignored\n[safe]\ndirectory = *\n[credential]\nhelper = store\n"
        f"{instead}\ninsteadOf = http://short.invalid\n"
        f'[http "http://{servers["git"].host}/header"]\nextraHeader = {header}\n',
    )
    world.write(home / ".ignored", "global.key\n", secret=False)
    (world.top / "tmp").mkdir()


def _docker(world: World) -> None:
    values, servers = world.values, world.servers

    def entry(password: str) -> dict[str, str]:
        return {"auth": base64.b64encode(f"user:{password}".encode()).decode()}

    header, proxy = values["header in Docker's configuration"], values["proxy in Docker's configuration"]
    settings = {
        "auths": {
            servers["registry"].host: entry(values["password of a registry"]),
            servers["refusing"].host: entry(values["password that a registry refuses"]),
        },
        "credHelpers": {servers["token"].host: "canary"},
        "proxies": {"default": {"httpProxy": f"http://user:{proxy}@{servers['proxy'].host}"}},
        "HttpHeaders": {"X-Meta": header},
    }
    file = world.write(world.top / "docker/config.json", json.dumps(settings))
    world.there["header in Docker's configuration"] = file
    del settings["proxies"], settings["credHelpers"]
    world.write(world.top / "docker-without-proxies/config.json", json.dumps(settings))


def _config(world: World, registry: str) -> str:
    return CONFIG.format(registry=registry, secrets=SECRETS.format(home=world.home))


def _repository(world: World) -> None:
    repo, servers = world.repo, world.servers
    _files(world)
    world.git(repo, "init", "-q", "-b", "main")
    world.write(repo / ".git/info/exclude", "local.key\n", secret=False)
    world.git(repo, "-c", f"core.excludesFile={world.home}/.ignored", "add", "-A")
    world.git(repo, "commit", "-q", "-m", "first")
    world.write(repo / "web/index.html", "<h1>the shop</h1>\n", secret=False)
    with (repo / "fetched/Dockerfile").open("a") as file:
        file.write("LABEL changed=yes\n")
    world.git(repo, "commit", "-q", "-a", "-m", "second")
    password = world.values["password in a remote's URL"]
    world.git(repo, "remote", "add", "origin", f"http://user:{password}@{servers['git'].host}/a.git")
    config = repo / ".git/config"
    config.write_text(f"{config.read_text()}# {world.values['comment in .git/config']}\n")
    world.there["comment in .git/config"] = config
    world.planted |= {config, repo / ".git/objects"}  # what is tracked is in git's objects
    for name, host in (("token", servers["token"].host), ("refusing", servers["refusing"].host)):
        world.write(world.top / f"{name}.yaml", _config(world, host), secret=False)
    world.write(world.top / "away.yaml", _config(world, "registry.invalid"), secret=False)
    web = CONFIG.partition("  sealed:")[0].format(registry=servers["registry"].host)
    world.write(world.top / "web.yaml", web, secret=False)
    world.write(world.top / "outside.yaml", OUTSIDE.format(password=world.values["password in the URL of a context"]))


def _files(world: World) -> None:
    repo, values = world.repo, world.values
    password = values["password in a URL of ADD"]
    plain = {
        "build.yaml": _config(world, world.servers["registry"].host),
        "web/Dockerfile": "FROM scratch\nCOPY . /srv\n",
        "web/Dockerfile.dockerignore": "private.txt\nfetched\nsealed\nbroken\n",
        "web/index.html": "<h1>shop</h1>\n",
        ".gitignore": ".env\n.secret\n.mbuild\n",
    }
    for name, code in (("sealed", 0), ("broken", 3)):
        # A step that was done before is not done again, so it has to be a new one to be seen.
        shown = {"Dockerfile": RUN.format(code=code), "show.sh": SHOW, "nonce": f"{os.urandom(8).hex()}\n"}
        plain |= {f"{name}/{file}": text for file, text in shown.items()}
    for path, text in plain.items():
        world.write(repo / path, text, secret=False)
    for name in ("sealed", "broken"):
        if BUSYBOX.exists():
            shutil.copy(BUSYBOX, repo / name / "busybox")
    host = world.servers["files"].host
    world.write(repo / "fetched/Dockerfile", f"FROM scratch\nADD http://user:{password}@{host}/x /x\n")
    world.write(repo / ".secret", values["build secret from a file in the repository"])
    for name in UNSEEN:
        world.there[name] = world.write(repo / name, f"KEY={values[name]}\n")


def _remotes(world: World) -> None:
    """Make small repositories whose remotes want credentials that come from as many places."""
    hosts = {name: server.host for name, server in world.servers.items()}
    token = world.values["token as the user of a remote's URL"]
    for name, url in {
        "token as the user of a remote's URL": f"http://{token}@{hosts['git']}/b.git",
        "password in a URL of insteadOf": "http://short.invalid/c.git",
        "password in .netrc": f"http://{hosts['netrc']}/d.git",
        "password in git's credential store": f"http://{hosts['store']}/e.git",
        "password from GIT_ASKPASS": f"http://{hosts['askpass']}/f.git",
        "http.extraHeader in .gitconfig": f"http://{hosts['git']}/header/g.git",
        "http.extraHeader in GIT_CONFIG_VALUE_0": f"http://{hosts['git']}/h.git",
        "password in HTTP_PROXY": "http://git.invalid/i.git",
    }.items():
        folder = world.remotes[name] = world.top / f"remote{len(world.remotes)}"
        folder.mkdir()
        world.git(folder, "init", "-q", "-b", "main")
        world.git(folder, "commit", "-q", "--allow-empty", "-m", "first")
        world.git(folder, "remote", "add", "origin", url)
        world.planted.add(folder / ".git/config")


def _stated(world: World) -> None:
    """Make a repository without a build.yaml: what others' files state is looked at."""
    folder = world.top / "stated"
    token = world.values["token in the URL of a compose file's context"]
    world.write(folder / "compose.yaml", COMPOSE.format(token=token))
    world.write(folder / "docker-bake.hcl", BAKE, secret=False)
    world.write(folder / "Dockerfile", "FROM scratch\nCOPY . /\n", secret=False)
    world.write(folder / ".gitignore", "/.env\n", secret=False)
    world.write(folder / "odd/compose.yaml", "services: {odd: {build: ..}}\n", secret=False)
    value = world.values["value in a .env that cannot be expanded"]
    line = world.values["line of a .env that cannot be read"]
    world.write(folder / "odd/.env", f"PASSWORD=${{5{value}}}\n+{line}/\n")
    world.write(folder / ".env", f"IN_DOTENV={world.values['.env']}\n")
    world.git(folder, "init", "-q", "-b", "main")
    world.planted.add(folder / ".git/objects")


def _environment(world: World, cert: Path) -> dict[str, str]:
    values, top, proxy = world.values, world.top, world.servers["proxy"].host
    helper = world.write(
        top / "helpers/docker-credential-canary",
        f"""#!/bin/sh\necho '{{"Username": "user", "Secret": "{values["password from a credential helper"]}"}}'\n""",
    )
    askpass = world.write(top / "helpers/askpass", f"#!/bin/sh\necho {values['password from GIT_ASKPASS']}\n")
    for each in (helper, askpass):
        each.chmod(0o755)
    real = {"git": shutil.which("git"), "docker": find_docker()}
    programs = {name: path for name, path in real.items() if path}
    wrappers, audit = record(top / "recording", world.log, programs)
    return {
        **{name: values[name] for name in ENVIRONMENT},
        "BUILD_SECRET": values["build secret from a variable"],
        "PATH": f"{wrappers}:{helper.parent}:/usr/bin:/bin",
        "PYTHONPATH": f"{audit}:{Path(mbuild.__file__).parents[1]}",
        "HOME": str(world.home),
        "DOCKER_CONFIG": str(top / "docker"),
        "MBUILD_STATE_DIR": str(top / "state"),
        "MBUILD_CACHE_DIR": str(top / "cache"),
        "TMPDIR": str(top / "tmp"),
        "REQUESTS_CA_BUNDLE": str(cert),
        "HTTP_PROXY": f"http://user:{values['password in HTTP_PROXY']}@{proxy}",
        "http_proxy": f"http://user:{values['password in HTTP_PROXY']}@{proxy}",  # the one that curl, so git, reads
        "HTTPS_PROXY": f"http://user:{values['password in HTTPS_PROXY']}@{proxy}",
        "NO_PROXY": f"127.0.0.1,127.0.0.2,localhost,{values['name in NO_PROXY']}.example.com",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }
