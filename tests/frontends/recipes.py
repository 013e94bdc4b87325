"""The recipes of the documentation as projects: their files written to a folder, and bundled there.

Runs where ``make test-frontends`` has installed the packages of the lock file and the widget's own.
"""

import shutil
import subprocess
from pathlib import Path

from ..support.pages import blocks_of
from ..support.paths import DOCS, ROOT

RECIPES = DOCS / "how-to" / "front-ends"
#: Has ``node_modules``.
INSTALLED = ROOT / "build" / "frontends"
MODULES = INSTALLED / "node_modules"
WITH_NODE = ROOT / "tests" / "support" / "with_node"
#: What ``npm create vite`` puts into an empty project, as far as the recipes leave it as it is.
STARTERS = Path(__file__).parent / "starters"

_LANGUAGES = ("js", "jsx", "vue", "svelte", "html", "css")


def write_project(name: str, recipe: str, *, starter: str | None = None) -> Path:
    """Write the files of a recipe, and those that all recipes share, over those of a starter; return the folder."""
    project = INSTALLED / "projects" / name
    shutil.rmtree(project, ignore_errors=True)
    if starter:
        shutil.copytree(STARTERS / starter, project)
    for page in ("index", recipe):
        for block in blocks_of(RECIPES / f"{page}.md", *_LANGUAGES):
            if block.file:
                path = project / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
    return project


def node(project: Path, *command: str) -> str:
    """Run a program of the installed packages, or node, in a project; return what it prints.

    :raises AssertionError: it fails.
    """
    program = MODULES / ".bin" / command[0]
    words = [str(program) if program.exists() else command[0], *command[1:]]
    ran = subprocess.run([WITH_NODE, *words], cwd=project, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(command)}:\n{ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def bundle_with_vite(project: Path, *options: str) -> Path:
    """Bundle a project as ``npm run build`` does, and return the folder with the result."""
    node(project, "vite", "build", "--logLevel", "warn", *options)
    return project / "dist"
