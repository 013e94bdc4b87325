"""The page about the architecture shows the package as it is."""

import re
from pathlib import Path

import flask_captcha_api
from flask_captcha_api.http import gateway

from ...support.markdown import rows_below
from ...support.pages import blocks_of
from ...support.paths import DOCS, ROOT

ARCHITECTURE = (DOCS / "explanation" / "architecture.md").read_text()
PACKAGE = Path(flask_captcha_api.__file__).parent


def modules_in(folder: Path) -> set[str]:
    """Return the names of the modules and packages in a folder of the package."""
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return packages | {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def drawn(kind: str) -> list[tuple[float, str]]:
    """Return the names of one kind in the picture of the architecture, each with its distance from the top."""
    picture = (DOCS / "pictures" / "architecture.svg").read_text()
    return [(float(y), name) for y, name in re.findall(rf'class="{kind}" [^>]*y="([^"]+)"[^>]*>([^<]+)<', picture)]


def test_the_architecture_is_the_import_contracts() -> None:
    """Picture and table show the layers of the contract, in its order, and these are all that the package has."""
    contract = re.search(r"^layers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert contract
    layers = [set(re.findall(r"flask_captcha_api\.(\w+)", line)) for line in contract[1].splitlines()]
    table = [set(re.findall(r"`(\w+)`", row[0])) for row in rows_below(ARCHITECTURE, "The layers")]
    heights = sorted({y for y, _ in drawn("mod")})
    picture = [{name for y, name in drawn("mod") if y == height} for height in heights]
    assert set.union(*layers) == modules_in(PACKAGE)
    assert table == layers
    assert picture == layers


def test_the_picture_opens_the_http_folder() -> None:
    """Beside what stands outside the package, it names each module of the folder that requests go through."""
    outside = {"your view", "the cache", "limit storage"}
    assert {name for _, name in drawn("pt")} - outside == modules_in(PACKAGE / "http")


def test_the_tree_of_folders_is_the_packages() -> None:
    """The tree names every folder and module at the top of the package, and none besides."""
    (tree,) = (block.text for block in blocks_of(DOCS / "explanation" / "architecture.md", "text"))
    lines = [line.split("   ")[0] for line in re.findall(r"^  (\S.*)$", tree, re.MULTILINE)]
    names = {name.removesuffix(".py").rstrip("/") for line in lines for name in line.split("  ") if name}
    assert names - {"__init__"} == modules_in(PACKAGE)


def test_the_table_of_entry_points_is_the_gateways() -> None:
    """How the callers of the gateway differ is what the code says."""
    entry_points = {name: entry for name, entry in vars(gateway).items() if isinstance(entry, gateway.EntryPoint)}
    described = {
        name.strip("`"): (refuses.strip("`"), result, identity.split("`")[1], unknown == "01004")
        for name, _, refuses, result, identity, unknown in rows_below(ARCHITECTURE, "The gateway")
    }
    assert described == {
        name: (entry.refuses.__name__, entry.refused_as.code, entry.authenticate.__name__, entry.source_is_input)
        for name, entry in entry_points.items()
    }


def test_the_paths_of_the_architecture_exist() -> None:
    """Each file that the page names is one of the package."""
    paths = set(re.findall(r"`((?:\w+/)*\w+\.py)`", ARCHITECTURE))
    assert len(paths) > 10
    assert [path for path in paths if not (PACKAGE / path).is_file()] == []
