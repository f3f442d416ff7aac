"""Edits of files: each takes a monorepo and returns another one, or None where it cannot be done."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tests.oracle.soundness.names import LINKS, MORE, ODD, folders_of, is_simple, some_blob, some_link
from tests.oracle.soundness.values import EXECUTABLE, FILE, LINK, SUBMODULE, Blob, Monorepo

Edit = Callable[[random.Random, Monorepo], Monorepo | None]


def _of_mode(repo: Monorepo, *modes: int) -> list[str]:
    return sorted(path for path, blob in repo.files.items() if blob.mode in modes and path != ".gitmodules")


def _file(pick: random.Random, repo: Monorepo) -> str:
    return pick.choice(_of_mode(repo, FILE, EXECUTABLE))


def write(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _file(pick, repo)
    return repo.with_file(path, replace(some_blob(pick), mode=repo.files[path].mode))


def write_same_size(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _file(pick, repo)
    blob = repo.files[path]
    return repo.with_file(path, replace(blob, data=bytes(pick.choice(b"xyz") for _ in blob.data)))


def append(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _file(pick, repo)
    return repo.with_file(path, replace(repo.files[path], data=repo.files[path].data + b"more\n"))


def crlf(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _file(pick, repo)
    data = repo.files[path].data
    changed = data.replace(b"\r\n", b"\n") if b"\r" in data else data.replace(b"\n", b"\r\n")
    return repo.with_file(path, replace(repo.files[path], data=changed))


def chmod(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _file(pick, repo)
    blob = repo.files[path]
    return repo.with_file(path, replace(blob, mode=FILE if blob.mode == EXECUTABLE else EXECUTABLE))


def delete(pick: random.Random, repo: Monorepo) -> Monorepo:
    return repo.with_file(_file(pick, repo), None)


def delete_folder(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    folders = [each for each in folders_of(repo.files) if each.count("/") >= 1]
    if not folders:
        return None
    folder = pick.choice(folders)
    return replace(repo, files={path: each for path, each in repo.files.items() if not path.startswith(f"{folder}/")})


def _move(repo: Monorepo, old: str, new: str) -> Monorepo | None:
    if old == new or new in repo.files:
        return None
    return repo.with_file(old, None).with_file(new, repo.files[old])


def rename(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    path = _file(pick, repo)
    above = path.rpartition("/")[0]
    new = pick.choice((*MORE, *ODD, "moved.txt", "main.py"))
    return _move(repo, path, f"{above}/{new}" if above else new)


def rename_across(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    path = _file(pick, repo)
    folder = pick.choice(sorted({image.root for image in repo.images.values()} | {"proto"}))
    new = path.rpartition("/")[2]
    return _move(repo, path, f"{folder}/{new}" if folder else new)


def rename_folder(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    folders = [each for each in folders_of(repo.files) if each.count("/") >= 1]
    if not folders:
        return None
    folder = pick.choice(folders)
    new = f"{folder.rpartition('/')[0]}/{pick.choice(['moved', 'lib', 'data2', 'src'])}"
    if new in folders or new in repo.files:
        return None
    return replace(repo, files=dict(_moved(repo, folder, new)))


def _moved(repo: Monorepo, old: str, new: str) -> Iterator[tuple[str, Blob]]:
    for path, blob in repo.files.items():
        yield new + path[len(old) :] if path.startswith(f"{old}/") else path, blob


def rename_and_change(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    """What rename detection calls one file with a new name."""
    path = _file(pick, repo)
    moved = _move(repo, path, f"{path}.moved")
    return moved.with_file(f"{path}.moved", Blob(repo.files[path].data + b"!\n")) if moved else None


def rename_case(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    path = _file(pick, repo)
    above, slash, name = path.rpartition("/")
    return _move(repo, path, above + slash + name.swapcase())


def rename_normalised(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    """The same name for a reader, other bytes for git."""
    named = [path for path in _of_mode(repo, FILE, EXECUTABLE) if _other_form(path) != path]
    if not named:
        return None
    path = pick.choice(named)
    return _move(repo, path, _other_form(path))


def _other_form(path: str) -> str:
    composed = unicodedata.normalize("NFC", path)
    return unicodedata.normalize("NFD", path) if composed == path else composed


def copy(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    path = _file(pick, repo)
    new = f"{path}.copy"
    return None if new in repo.files else repo.with_file(new, repo.files[path])


def swap(pick: random.Random, repo: Monorepo) -> Monorepo:
    one, other = _file(pick, repo), _file(pick, repo)
    return repo.with_file(one, repo.files[other]).with_file(other, repo.files[one])


def add(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    return _add(pick, repo, MORE)


def add_odd(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    return _add(pick, repo, ODD)


def _add(pick: random.Random, repo: Monorepo, names: Sequence[str]) -> Monorepo | None:
    folder = pick.choice(folders_of(repo.files))
    path = f"{folder}/{pick.choice(names)}"
    return None if path in repo.files else repo.with_file(path, some_blob(pick))


def add_folder(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    folder = f"{pick.choice(folders_of(repo.files))}/fresh"
    names = pick.sample([each for each in MORE if is_simple(each)], 2)
    return replace(repo, files={**repo.files, **{f"{folder}/{name}": some_blob(pick) for name in names}})


def file_to_link(pick: random.Random, repo: Monorepo) -> Monorepo:
    return repo.with_file(_file(pick, repo), some_link(pick))


def link_to_file(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    links = _of_mode(repo, LINK)
    return repo.with_file(pick.choice(links), some_blob(pick)) if links else None


def same_bytes(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    """A link becomes a file that holds, byte for byte, where it led; and the other way round."""
    targets = {each.encode() for each in LINKS}
    held = [path for path in _of_mode(repo, FILE, EXECUTABLE) if repo.files[path].data in targets]
    links = _of_mode(repo, LINK)
    if not held + links:
        return None
    path = pick.choice(held + links)
    return repo.with_file(path, Blob(repo.files[path].data, LINK if path in held else FILE))


def retarget(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    links = _of_mode(repo, LINK)
    return repo.with_file(pick.choice(links), some_link(pick)) if links else None


def link_target(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    """Write what a link leads to."""
    ways = [
        (path, f"{path.rpartition('/')[0]}/{blob.data.decode()}")
        for path, blob in repo.files.items()
        if blob.mode == LINK
    ]
    inside = [each for _, target in ways for each in repo.files if each == target or each.startswith(f"{target}/")]
    plain = [path for path in inside if repo.files[path].mode in (FILE, EXECUTABLE)]
    return repo.with_file(pick.choice(plain), some_blob(pick)) if plain else None


def file_to_folder(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _file(pick, repo)
    return repo.with_file(path, None).with_file(f"{path}/inside.txt", repo.files[path])


def folder_to_file(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    without = delete_folder(pick, repo)
    gone = [each for each in folders_of(repo.files) if each not in folders_of(without.files)] if without else []
    return without.with_file(min(gone), some_blob(pick)) if without and gone else None


def outside(pick: random.Random, repo: Monorepo) -> Monorepo:
    return repo.with_file(pick.choice(["README.md", "docs/guide.md", "docs/new.md"]), some_blob(pick))


def submodule(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    """Another commit of the submodule."""
    modules = _of_mode(repo, SUBMODULE)
    if not modules:
        return None
    others = [each.encode() for each in repo.modules if each.encode() != repo.files[modules[0]].data]
    return repo.with_file(modules[0], Blob(pick.choice(others), SUBMODULE))


FILES: dict[str, Edit] = {
    "write": write,
    "write the same size": write_same_size,
    "append": append,
    "line ends": crlf,
    "exec bit": chmod,
    "delete": delete,
    "delete a folder": delete_folder,
    "rename": rename,
    "rename across images": rename_across,
    "rename a folder": rename_folder,
    "rename and change": rename_and_change,
    "rename by case": rename_case,
    "rename by normal form": rename_normalised,
    "copy": copy,
    "swap": swap,
    "add": add,
    "add an odd name": add_odd,
    "add a folder": add_folder,
    "file to link": file_to_link,
    "link to file": link_to_file,
    "link or file of the same bytes": same_bytes,
    "link elsewhere": retarget,
    "write behind a link": link_target,
    "file to folder": file_to_folder,
    "folder to file": folder_to_file,
    "outside of all images": outside,
    "submodule": submodule,
}
