"""Archives without times, owners and permissions, so that the same contents give the same bytes."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping

_MODE = 0o644
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can hold


def tar_gz(files: Mapping[str, bytes]) -> bytes:
    """Return a compressed tar archive of files by name."""
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), _MODE
            archive.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(unpacked.getvalue(), mtime=0)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of files by name, in their order."""
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = _MODE << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return archived.getvalue()
