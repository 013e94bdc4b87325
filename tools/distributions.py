"""Builds the wheel and the source distribution. Run by ``make release-check``; nothing is published.

setuptools records in them when, by whom and with which umask they were built. Packed again without that, the same
sources give the same bytes, so that anybody can check what was uploaded.
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from . import archives

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Build into the folder that the command line names, which must be empty or missing."""
    folder = Path(sys.argv[1])
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, stdout=subprocess.DEVNULL)
    for path in folder.iterdir():
        pack_again(path)


def pack_again(path: Path) -> None:
    """Replace a distribution by one with the same files, and without times, owners and permissions."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            packed = archives.zipped({name: wheel.read(name) for name in wheel.namelist()})
    else:
        with tarfile.open(path) as archive:
            files = {entry.name: archive.extractfile(entry) for entry in archive if entry.isfile()}
            packed = archives.tar_gz({name: file.read() for name, file in files.items() if file})
    path.write_bytes(packed)


if __name__ == "__main__":
    main()
