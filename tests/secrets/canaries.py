"""The canaries: random values in all the places where users have secrets, and how each is shown to have been in play.

Build arguments are no secrets and hold none: Docker writes them into an image's history (``docker history``), and
mbuild hands them to it as it is told to.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

HEADER, DIGEST, SAID, THERE = "header", "digest", "said", "there"
"""How a canary is shown to have been used.

HEADER: a server was given it. DIGEST: a step of a build had it, and wrote its SHA-256. SAID: a message is about the
thing it is a part of. THERE: nothing shows that anybody read it; it was in the environment or on disk all the time.
"""


@dataclass(frozen=True, slots=True)
class Canary:
    """name: what it is. play: see above; by: of which server, or which words were said. engine: only with an engine."""

    name: str
    play: str
    by: str = ""
    engine: bool = False


ENVIRONMENT = (
    *("ACTIONS_RUNTIME_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "BITBUCKET_STEP_OIDC_TOKEN"),
    *("BUILDKITE_AGENT_ACCESS_TOKEN", "CIRCLE_TOKEN", "CI_JOB_TOKEN", "CI_NETRC_PASSWORD", "CI_REGISTRY_PASSWORD"),
    *("CI_REPOSITORY_URL", "DOCKER_AUTH_CONFIG", "DRONE_NETRC_PASSWORD", "GITHUB_TOKEN", "GOOGLE_CREDENTIALS"),
    *("JENKINS_API_TOKEN", "NPM_TOKEN", "SYSTEM_ACCESSTOKEN", "TEAMCITY_AUTH_PASSWORD", "UV_INDEX_PASSWORD"),
)
"""Variables that hold a secret for others: mbuild has no use for any of them."""

HOME = (".aws/credentials", ".config/gh/hosts.yml", ".kube/config", ".npmrc", ".ssh/id_ed25519")
"""Files of a user that mbuild has no use for."""

UNSEEN = (".env", "sub/.env", "local.key", "global.key", "private.txt")
"""Files in the context root of the image that copies everything: ignored by git in three ways, and by .dockerignore."""

CANARIES = (
    Canary("build secret from a variable", DIGEST, engine=True),
    Canary("build secret from a file", DIGEST, engine=True),
    Canary("build secret on the second line of a file", DIGEST, engine=True),
    Canary("build secret from a file in the repository", DIGEST, engine=True),
    Canary("proxy in Docker's configuration", DIGEST, engine=True),
    Canary("header in Docker's configuration", THERE),
    Canary("password of a registry", HEADER, "registry"),
    Canary("password from a credential helper", HEADER, "token"),
    Canary("bearer token of a registry", HEADER, "token"),
    Canary("password that a registry refuses", HEADER, "refusing"),
    Canary("password in a remote's URL", HEADER, "git"),
    Canary("token as the user of a remote's URL", SAID, "could not read Password for 'http://***@127.0.0.1:"),
    Canary("password in a URL of insteadOf", HEADER, "git"),
    Canary("password in .netrc", HEADER, "netrc"),
    Canary("password in git's credential store", HEADER, "store"),
    Canary("password from GIT_ASKPASS", HEADER, "askpass"),
    Canary("http.extraHeader in .gitconfig", HEADER, "git"),
    Canary("http.extraHeader in GIT_CONFIG_VALUE_0", HEADER, "git"),
    Canary("comment in .git/config", THERE),
    Canary("password in HTTP_PROXY", HEADER, "proxy"),
    Canary("password in HTTPS_PROXY", HEADER, "proxy"),
    Canary("name in NO_PROXY", THERE),
    Canary("password in an HTTPS_PROXY that is malformed", SAID, "registry.invalid/shop/web:mb-"),
    Canary("password in the URL of a context", SAID, "outside.yaml:5:27: images.web.contexts.elsewhere: 'https://***@"),
    Canary("token in the URL of a compose file's context", SAID, "context left out: 'https://***@example.com/x.git'"),
    Canary("value in a .env that cannot be expanded", SAID, "odd/.env:1: PASSWORD: a variable in its value cannot be"),
    Canary("line of a .env that cannot be read", SAID, "odd/.env:2: the line is no NAME=VALUE"),
    Canary("password in a URL of ADD", HEADER, "files", engine=True),
    Canary("URL in the message of a crash", SAID, "RuntimeError: no way to https://***@example.com/x"),
    *(Canary(each, THERE) for each in (*ENVIRONMENT, *HOME, *UNSEEN)),
)


@dataclass(slots=True)
class Values:
    """The values, made when they are first asked for. given: by name; where: for THERE, how to see that it is."""

    given: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        assert any(each.name == name for each in CANARIES), name
        return self.given.setdefault(name, f"cnry{secrets.token_hex(12)}")

    def named(self, value: str) -> str:
        """Return the name of a value."""
        return next((name for name, each in self.given.items() if each == value), value)

    def digest(self, name: str) -> str:
        """Return what a step writes that had it."""
        return hashlib.sha256(self[name].encode()).hexdigest()
