"""Look for known vulnerabilities in what the package is installed with, and in the lowest versions that it allows.

``make release-check`` runs this. It asks a database of advisories through pip-audit, and fails if that knows any. What
the database does not answer is printed and is no failure: it cannot be reached from everywhere.
"""

import json
import subprocess
import sys
import tempfile
from importlib.metadata import requires
from typing import Any

from packaging.requirements import Requirement

#: The packages whose lower bounds are there for the sake of advisories.
BOUNDED = {"pillow", "pyjwt", "werkzeug"}


def main() -> int:
    """Audit both, and return the exit status."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lowest_allowed()))
        file.flush()
        are_clean = [
            audit("what is installed", "--skip-editable"),
            audit("the lowest versions", "--no-deps", "--disable-pip", "--requirement", file.name),
        ]
    return 0 if all(are_clean) else 1


def lowest_allowed() -> list[str]:
    """Return ``name==version`` for the lowest version of each that this Python is given."""
    requirements = [Requirement(line) for line in requires("flask_captcha_api") or ()]
    return [
        f"{each.name}=={bound.version}"
        for each in requirements
        if each.name in BOUNDED and (each.marker is None or each.marker.evaluate({"extra": ""}))
        for bound in each.specifier
        if bound.operator == ">="
    ]


def audit(what: str, *options: str) -> bool:
    """Return whether no vulnerability is known, as far as the database answers."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        dependencies: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except ValueError:
        print(f"{what}: not audited, no database of advisories could be reached: {run.stderr.strip()[-300:]}")
        return True
    unanswered = [each["name"] for each in dependencies if "skip_reason" in each]
    if len(unanswered) == len(dependencies):
        print(f"{what}: not audited, the database of advisories knows none of these packages")
        return True
    if unanswered:
        print(f"{what}: the database of advisories does not know {', '.join(unanswered)}")
    vulnerable = [each for each in dependencies if each.get("vulns")]
    for each in vulnerable:
        print(f"{what}: {each['name']} {each['version']}: {', '.join(known['id'] for known in each['vulns'])}")
    if not vulnerable:
        print(f"{what}: no known vulnerabilities in {len(dependencies) - len(unanswered)} packages")
    return not vulnerable


if __name__ == "__main__":
    raise SystemExit(main())
