"""The image configuration as BuildKit writes it (``dockerfile2llb/convert.go`` and ``image.go``).

Keys and spelling are those of the Docker image specification: what ``docker inspect`` of the same Dockerfile shows.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from mbuild.builders.oci import gofmt
from mbuild.builders.oci.descriptor import Json, objects, texts
from mbuild.dockerfile.flags import value
from mbuild.dockerfile.model import Operation, Platform
from mbuild.errors import Where

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_SHELL = ("/bin/sh", "-c")
COMMENT = "mbuild.oci.v0"
INTERVALS = (("interval", "Interval"), ("timeout", "Timeout"), ("start-period", "StartPeriod"))


class ImageConfig:
    """The configuration of one stage while its instructions are executed."""

    def __init__(self, parent: Mapping[str, object] | None = None) -> None:
        """Start as FROM scratch does, or from a parent's configuration; its ONBUILD triggers have been executed."""
        self._image: Json = copy.deepcopy(dict(parent)) if parent is not None else {}
        kept = self._image.pop("config", None)
        self._config: Json = kept if isinstance(kept, dict) else {}
        self._config.pop("OnBuild", None)
        if parent is None:
            self._config["WorkingDir"] = "/"
        self._history = objects(self._image.pop("history", None))
        self._cmd_is_set = False
        self._last_arg: Where | None = None
        if not any(each.startswith("PATH=") for each in texts(self._config.get("Env"))):
            self._config["Env"] = [*texts(self._config.get("Env")), f"PATH={DEFAULT_PATH}"]

    @property
    def workdir(self) -> str:
        """The working folder, absolute."""
        found = self._config.get("WorkingDir")
        return found if isinstance(found, str) and found.startswith("/") else "/"

    @property
    def user(self) -> str:
        """The user as written, "" for none."""
        found = self._config.get("User")
        return found if isinstance(found, str) else ""

    def apply(self, operation: Operation, epoch: int) -> None:
        """Execute what an instruction means for the configuration; those that change files are noted by ``note``."""
        # The evaluator makes one operation of every name of an ARG, the history has one line for the instruction.
        if operation.keyword == "ARG" and self._last_arg == operation.where:
            self._history[-1]["created_by"] = f"{self._history[-1]['created_by']} {'='.join(operation.args)}"
            return
        line = _APPLY[operation.keyword](self, operation)
        if line:
            self.note(line, epoch, layer=False)
        self._last_arg = operation.where if operation.keyword == "ARG" and not operation.from_onbuild else None

    def note(self, line: str, epoch: int, *, layer: bool) -> None:
        """Add a line to the history."""
        entry: Json = {"created": timestamp(epoch), "created_by": line, "comment": COMMENT}
        if not layer:
            entry["empty_layer"] = True
        self._history.append(entry)
        self._last_arg = None

    def set_labels(self, labels: Mapping[str, str]) -> None:
        """Set labels from outside of the Dockerfile; they win."""
        if labels:
            self._table("Labels").update(labels)

    def set_workdir(self, path: str) -> str:
        """Change the working folder as WORKDIR does, and return it."""
        joined = posixpath.normpath(posixpath.join(self.workdir, path or "."))
        self._config["WorkingDir"] = "/" + joined.lstrip("/")
        return self.workdir

    def snapshot(self) -> Json:
        """Return the whole as JSON, for a stage that starts from this one."""
        return copy.deepcopy({**self._image, "config": self._config, "history": self._history})

    def to_json(self, platform: Platform, diff_ids: Sequence[str], epoch: int) -> Json:
        """Return the finished configuration."""
        image = {key: text for key, text in self._image.items() if key not in ("variant", "created", "rootfs")}
        os_name, architecture, variant = normalized(platform)
        image |= {"os": os_name, "architecture": architecture, "created": timestamp(epoch)}
        if variant:
            image["variant"] = variant
        image["config"] = {key: held for key, held in self._config.items() if held not in ([], {}, "", None)}
        image["history"] = self._history
        image["rootfs"] = {"type": "layers", "diff_ids": list(diff_ids)}
        return image

    def _table(self, key: str) -> Json:
        found = self._config.setdefault(key, {})
        if not isinstance(found, dict):
            found = self._config[key] = {}
        return found

    def _command(self, operation: Operation) -> list[str]:
        """Return a command; the shell form goes through SHELL."""
        if operation.json:
            return list(operation.args)
        return [*(texts(self._config.get("Shell")) or DEFAULT_SHELL), " ".join(operation.args)]

    def _env(self, operation: Operation) -> str:
        env = texts(self._config.get("Env"))
        pairs = [f"{name}={text}" for name, text in pairs_of(operation)]
        for pair in pairs:
            start = pair.partition("=")[0] + "="
            at = next((at for at, each in enumerate(env) if each.startswith(start)), len(env))
            env[at : at + 1] = [pair]
        self._config["Env"] = env
        return " ".join(["ENV", *pairs])

    def _label(self, operation: Operation) -> str:
        self._table("Labels").update(pairs_of(operation))
        return " ".join(["LABEL", *(f"{name}={text}" for name, text in pairs_of(operation))])

    def _arg(self, operation: Operation) -> str:
        return f"ARG {'='.join(operation.args)}"

    def _cmd(self, operation: Operation) -> str:
        words = self._command(operation)
        self._config |= {"Cmd": words, "ArgsEscaped": True}
        self._cmd_is_set = True
        return f"CMD {gofmt.quoted_words(words)}"

    def _entrypoint(self, operation: Operation) -> str:
        words = self._command(operation)
        self._config["Entrypoint"] = words
        if not self._cmd_is_set:
            self._config.pop("Cmd", None)
        return f"ENTRYPOINT {gofmt.quoted_words(words)}"

    def _expose(self, operation: Operation) -> str:
        self._table("ExposedPorts").update({port: {} for port in operation.args})
        return f"EXPOSE {gofmt.words(operation.args)}"

    def _volume(self, operation: Operation) -> str:
        self._table("Volumes").update({path: {} for path in operation.args})
        return f"VOLUME {gofmt.words(operation.args)}"

    def _user(self, operation: Operation) -> str:
        self._config["User"] = operation.args[0]
        return f"USER {operation.args[0]}"

    def _stopsignal(self, operation: Operation) -> str:
        self._config["StopSignal"] = operation.args[0]
        return f"STOPSIGNAL {operation.args[0]}"

    def _shell(self, operation: Operation) -> str:
        self._config["Shell"] = list(operation.args)
        return f"SHELL {gofmt.words(operation.args)}"

    def _maintainer(self, operation: Operation) -> str:
        self._image["author"] = operation.args[0]
        return f"MAINTAINER {operation.args[0]}"

    def _onbuild(self, operation: Operation) -> str:
        self._config["OnBuild"] = [*texts(self._config.get("OnBuild")), *operation.args]
        return ""

    def _healthcheck(self, operation: Operation) -> str:
        health = healthcheck(operation)
        self._config["Healthcheck"] = {key: held for key, held in health.items() if held}
        shown = " ".join(
            f"{key}:{gofmt.duration(held) if key != 'Retries' else held}" if isinstance(held, int) else f"{key}:{held}"
            for key, held in ({**health, "Test": gofmt.words(texts(health["Test"]))}).items()
        )
        return f"HEALTHCHECK {{{shown}}}"


_APPLY: dict[str, Callable[[ImageConfig, Operation], str]] = {
    "ARG": ImageConfig._arg,
    "CMD": ImageConfig._cmd,
    "ENTRYPOINT": ImageConfig._entrypoint,
    "ENV": ImageConfig._env,
    "EXPOSE": ImageConfig._expose,
    "HEALTHCHECK": ImageConfig._healthcheck,
    "LABEL": ImageConfig._label,
    "MAINTAINER": ImageConfig._maintainer,
    "ONBUILD": ImageConfig._onbuild,
    "SHELL": ImageConfig._shell,
    "STOPSIGNAL": ImageConfig._stopsignal,
    "USER": ImageConfig._user,
    "VOLUME": ImageConfig._volume,
}
CONFIGURING = frozenset(_APPLY)


def pairs_of(operation: Operation) -> list[tuple[str, str]]:
    """Return names and values of ENV and LABEL."""
    return list(zip(operation.args[0::3], operation.args[1::3], strict=True))


def healthcheck(operation: Operation) -> Json:
    """Return a HEALTHCHECK with all its keys; intervals in nanoseconds."""
    kind, *command = operation.args
    if kind == "NONE":
        test = ["NONE"]
    elif operation.json:
        test = ["CMD", *command]
    else:
        test = ["CMD-SHELL", " ".join(command)]
    health: Json = {"Test": test}
    for flag, key in (*INTERVALS, ("start-interval", "StartInterval")):
        health[key] = gofmt.nanoseconds(value(operation.flags, flag))
    health["Retries"] = int(value(operation.flags, "retries") or 0)
    return health


def normalized(platform: Platform) -> tuple[str, str, str]:
    """Return os, architecture and variant as image configurations have them (containerd ``platforms.Normalize``)."""
    variant = platform.variant
    if (platform.arch, variant) in {("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")}:
        variant = ""
    if platform.arch == "arm" and variant in ("", "7"):
        variant = "v7"
    return platform.os, platform.arch, variant


def timestamp(epoch: int) -> str:
    """Return seconds since 1970 as RFC 3339."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
