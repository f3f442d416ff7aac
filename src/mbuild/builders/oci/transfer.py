"""Between an image layout and registries: blobs first, then the manifest, as distribution-spec wants it."""

from __future__ import annotations

from mbuild.builders.oci import descriptor as oci
from mbuild.builders.oci.layout import Layout
from mbuild.errors import EnvironmentFault
from mbuild.registry.attempts import Failure
from mbuild.registry.manifest import Manifest, RegistryError
from mbuild.registry.registries import Registries


def push(layout: Layout, name: str, registries: Registries) -> str:
    """Push an image of a layout; returns its digest, read back. Blobs that the registry has are not sent again."""
    found = layout.find(name)
    if found is None:
        raise EnvironmentFault(f"{layout.folder} does not hold {name} any more", "run again: it will be built")
    connection, repository, _ = registries.at(name)
    with layout.open_blob(found) as file:
        data = file.read()
    value = oci.load(data, str(layout.folder))
    for each in (value.get("config"), *oci.objects(value.get("layers"))):
        digest = oci.descriptor_from(each, found.digest).digest
        connection.upload(repository, digest, layout.blobs / digest.removeprefix("sha256:"))
    return registries.put(name, Manifest.of(data, found.media_type)).digest


def pull(layout: Layout, name: str, registries: Registries) -> None:
    """Bring an image into a layout: every blob is checked against its digest before the name points to it."""
    connection, repository, tag = registries.at(name)
    manifest = connection.manifest(repository, tag)
    if manifest is None:
        raise RegistryError(f"pulling {name} failed", Failure("the registry has nothing there", 404))
    if manifest.media_type != oci.MANIFEST:
        failure = Failure(f"it is no OCI image but {manifest.media_type or 'something else'}", 200)
        raise RegistryError(f"pulling {name} failed", failure, "build it again with the oci builder: --force")
    value = oci.load(manifest.data, name)
    for each in (value.get("config"), *oci.objects(value.get("layers"))):
        wanted = oci.descriptor_from(each, name)
        if layout.has(wanted):
            continue
        with layout.blob_writer(wanted.media_type) as writer:
            connection.download(repository, wanted.digest, writer.write)
            if writer.commit().digest != wanted.digest:
                raise RegistryError(f"pulling {name} failed", Failure(f"{wanted.digest} came as another blob", 200))
    layout.put_manifest(manifest.data, [name])
