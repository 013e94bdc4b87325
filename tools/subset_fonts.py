"""Downloads the package's typefaces from npm, and subsets them to the characters that are drawn.

Needs npm, and fonttools with brotli: ``pip install fonttools brotli``. Run it from the root of the checkout. The result
is kept in the repository, each typeface with its licence.
"""

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset

DATA = Path("flask_captcha_api/rendering/data")
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-−×=?"
RELEASE = "5.3.0"

#: By name of the npm package @fontsource/<name>. All are under the SIL Open Font License or the Apache License.
WEIGHTS = {
    "baloo-2": 800,
    "bitter": 800,
    "lexend": 700,
    "nunito": 900,
    "overpass": 800,
    "roboto-slab": 800,
    "rubik": 700,
}


def main() -> None:
    """Download, subset and write every typeface."""
    total = 0
    for name, weight in WEIGHTS.items():
        package = download(f"@fontsource/{name}@{RELEASE}")
        (DATA / f"{name}.LICENSE.txt").write_bytes(member(package, "package/LICENSE"))
        write_subset(member(package, f"package/files/{name}-latin-{weight}-normal.woff2"), DATA / f"{name}.ttf")
        size = (DATA / f"{name}.ttf").stat().st_size
        total += size
        print(f"{name:12} {weight} {size:6} bytes")
    print(f"{'total':16} {total:6} bytes")


def download(package: str) -> tarfile.TarFile:
    """Download a package from npm."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["npm", "pack", "--silent", package], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(directory).glob("*.tgz")
        return tarfile.open(fileobj=io.BytesIO(archive.read_bytes()))


def member(package: tarfile.TarFile, name: str) -> bytes:
    """Return the content of a file in a package."""
    file = package.extractfile(name)
    if file is None:
        raise SystemExit(f"{name} is not in the package")
    return file.read()


def write_subset(woff: bytes, target: Path) -> None:
    """Write a typeface with the characters that are drawn, without hints, features, and names except the licence's."""
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 13, 14], notdef_outline=True)
    font = subset.load_font(io.BytesIO(woff), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=CHARACTERS)
    subsetter.subset(font)
    font.flavor = None
    font.save(target)


if __name__ == "__main__":
    main()
