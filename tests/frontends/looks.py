"""The pages of the recipes for looks, built as their frameworks want it."""

from pathlib import Path

from .recipes import MODULES, bundle_with_vite, write_project

LOOKS = ("bootstrap", "tailwind", "pico", "material")
#: Tailwind's plugin leaves other style sheets alone.
_SETTINGS = """
import tailwindcss from "@tailwindcss/vite";
export default { plugins: [tailwindcss()], resolve: { preserveSymlinks: true } };
"""


def build_look(look: str) -> Path:
    """Build the page of a look, without the widget's script, and return the folder with it."""
    project = write_project(f"look-{look}", "looks") / look
    (project / "vite.config.js").write_text(_SETTINGS)
    for library in ("bootstrap", "@picocss"):  # which the pages have beside them
        (project / library).symlink_to(MODULES / library)
    return bundle_with_vite(project)
