"""Audits the installed dependencies, and the lowest versions that the package allows, for known vulnerabilities.

Run by ``make release-check``. Uses pip-audit, and fails if that finds any. If the database of advisories cannot be
reached, or does not know a package, that is printed but is not a failure.
"""

import json
import subprocess
import sys
import tempfile
from importlib.metadata import requires
from typing import Any

from packaging.requirements import Requirement

#: The packages with lower bounds because of advisories.
BOUNDED = {"pillow", "pyjwt", "werkzeug"}


def main() -> int:
    """Run both audits and return the exit status."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lowest_allowed()))
        file.flush()
        are_clean = [
            audit("installed packages", "--skip-editable"),
            audit("lowest allowed versions", "--no-deps", "--disable-pip", "--requirement", file.name),
        ]
    return 0 if all(are_clean) else 1


def lowest_allowed() -> list[str]:
    """Return ``name==version`` for the lowest allowed version of each bounded package on this Python."""
    requirements = [Requirement(line) for line in requires("flask_captcha_api") or ()]
    return [
        f"{each.name}=={bound.version}"
        for each in requirements
        if each.name in BOUNDED and (each.marker is None or each.marker.evaluate({"extra": ""}))
        for bound in each.specifier
        if bound.operator == ">="
    ]


def audit(target: str, *options: str) -> bool:
    """Run pip-audit, print the findings, and return whether there were none."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        dependencies: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except ValueError:
        print(f"{target}: not audited, the database of advisories could not be reached: {run.stderr.strip()[-300:]}")
        return True
    unknown = [each["name"] for each in dependencies if "skip_reason" in each]
    if len(unknown) == len(dependencies):
        print(f"{target}: not audited, the database of advisories knows none of these packages")
        return True
    if unknown:
        print(f"{target}: the database of advisories does not know {', '.join(unknown)}")
    vulnerable = [each for each in dependencies if each.get("vulns")]
    for each in vulnerable:
        print(f"{target}: {each['name']} {each['version']}: {', '.join(found['id'] for found in each['vulns'])}")
    if not vulnerable:
        print(f"{target}: no known vulnerabilities in {len(dependencies) - len(unknown)} packages")
    return not vulnerable


if __name__ == "__main__":
    raise SystemExit(main())
