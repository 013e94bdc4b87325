"""The npm package: what is in it, its types, and that it is harmless where there is no DOM."""

import json
import re
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

from tools import npm_package

from .recipes import INSTALLED, MODULES, node, write_project

PACKAGE = MODULES / "flask-captcha-api"
DECLARATIONS = (PACKAGE / "captcha-field.d.ts").read_text() if PACKAGE.is_dir() else ""


def test_the_package_has_the_files_that_it_exports() -> None:
    """Each target of an export exists, and nothing but these, the licence and the README is packed."""
    about = json.loads((PACKAGE / "package.json").read_text())
    targets = set()
    for exported in about["exports"].values():
        targets |= set(exported.values()) if isinstance(exported, dict) else {exported}
    packed = {f"./{path.name}" for path in PACKAGE.iterdir()}
    assert packed == targets | {"./LICENSE", "./README.md"}
    assert about["sideEffects"] == [about["exports"]["."]["default"]], "a bundler would leave a bare import out"


def test_the_version_is_the_projects() -> None:
    """One release has one version."""
    assert json.loads((PACKAGE / "package.json").read_text())["version"] == version("flask_captcha_api")


def test_two_builds_are_equal(tmp_path: Path) -> None:
    """The same sources give the same bytes, and what is installed here is made from them."""
    first, second = (npm_package.write_package(tmp_path / name) for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        entries = archive.getmembers()
        assert {(entry.mtime, entry.uid, entry.mode) for entry in entries} == {(0, 0, 0o644)}
        for entry in entries:
            file = archive.extractfile(entry)
            assert file
            assert file.read() == (PACKAGE / Path(entry.name).name).read_bytes(), "run make test-frontends"


def test_nothing_of_the_served_script_is_left() -> None:
    """A bundle neither looks for the style sheet beside itself nor for the routes above."""
    script = (PACKAGE / "captcha-field.js").read_text()
    assert "import.meta" not in script
    assert "<served>" not in script
    with pytest.raises(ValueError, match="has 0 places marked // <served>: it must have 2"):
        npm_package.bundled(script)


@pytest.mark.parametrize("entry", ["flask-captcha-api", "flask-captcha-api/react"])
def test_importing_it_in_node_does_nothing(entry: str) -> None:
    """No DOM, no error, no request, no timer that keeps the process, and nothing global."""
    told = node(
        INSTALLED,
        *("node", "--input-type=module", "-e"),
        "globalThis.fetch = () => { throw new Error('a request') };"
        "const before = Object.getOwnPropertyNames(globalThis).length;"
        f"await import('{entry}');"
        "console.log(Object.getOwnPropertyNames(globalThis).length - before)",
    )
    assert told == "0\n"


def test_the_manifest_and_the_types_name_the_same() -> None:
    """The attributes and events of the guide are those of the types."""
    manifest = json.loads((PACKAGE / "custom-elements.json").read_text())
    (declaration,) = manifest["modules"][0]["declarations"]

    def names(part: str) -> set[str]:
        return {each["name"] for each in declaration[part]}

    def declared(interface: str) -> set[str]:
        body = DECLARATIONS.split(f"interface {interface} ")[1].split("\n}\n")[0]
        return set(re.findall(r'^  (?:readonly |get )?"?([\w-]+)"?\??[:(]', body, re.MULTILINE))

    # What every element has, types included.
    assert names("attributes") - {"lang", "hidden", "id", "inputmode"} == declared("CaptchaFieldAttributes")
    assert names("events") - {"input", "change"} == declared("CaptchaFieldEventMap")
    # `code` is for scripts; the element's own `focus` is every element's.
    assert names("members") - {"focus"} == declared("CaptchaFieldElement") - {"code"}


PLAIN = """
import "flask-captcha-api";
const field = document.querySelector("captcha-field")!;
field.token = () => null;
field.reject("wrong");
field.addEventListener("captcha-token", (event) => event.detail.toUpperCase());
field.addEventListener("captcha-error", ({ detail }) => detail.status === 401 && detail.retryAfter);
const id: string = field.uuid;
"""
REACT = """
import type { CaptchaFieldElement } from "flask-captcha-api/react";
import { useRef } from "react";
export function Login() {
  const field = useRef<CaptchaFieldElement>(null);
  return <captcha-field ref={field} source="login" token={() => field.current?.uuid} uuid-name="id" nosound
    oncaptcha-token={(event) => event.detail.toUpperCase()} oncaptcha-error={(event) => event.detail.status} />;
}
"""
#: What the types are there to find, by what stands in its place.
FAULTS = [
    (PLAIN, 'field.reject("wrong")', "field.reject(1)"),
    (PLAIN, "event.detail.toUpperCase()", "event.detail.status"),
    (PLAIN, "field.uuid;", "(field.uuid = '1');"),
    (REACT, 'source="login" ', ""),
    (REACT, "() => field.current?.uuid", '"a token"'),
    (REACT, "event.detail.toUpperCase()", "event.detail.status"),
]


def checked(project: Path, files: dict[str, str], *command: str) -> str:
    """Check the types of some files as strictly as can be; return what is wrong."""
    project.mkdir(parents=True, exist_ok=True)
    settings = {
        "compilerOptions": {
            "strict": True,
            "noEmit": True,
            "module": "esnext",
            "moduleResolution": "bundler",
            "target": "es2022",
            "lib": ["es2022", "dom"],
            "jsx": "react-jsx",
            "types": [],
            "skipLibCheck": False,
            "allowImportingTsExtensions": True,
        },
        "include": list(files),
    }
    (project / "tsconfig.json").write_text(json.dumps(settings))
    for name, text in files.items():
        (project / name).write_text(text)
    try:
        node(project, *command)
    except AssertionError as error:
        return str(error)
    return ""


def project_of(name: str) -> Path:
    return INSTALLED / "projects" / f"types-{name}"


def test_the_types_hold() -> None:
    """Of a page without a framework and of JSX, the libraries' own declarations checked too."""
    assert checked(project_of("right"), {"plain.ts": PLAIN, "react.tsx": REACT}, "tsc") == ""


def test_the_types_find_faults() -> None:
    """Each mistake is an error in its file: one run for all."""
    assert all(place in right for right, place, _ in FAULTS)
    files = {
        f"fault{number}.tsx": right.replace(place, wrong) + "export {};"
        for number, (right, place, wrong) in enumerate(FAULTS)
    }
    found = checked(project_of("wrong"), files, "tsc")
    assert set(re.findall(r"^(fault\d\.tsx)", found, re.MULTILINE)) == set(files)


VUE = """<script setup lang="ts">
import "flask-captcha-api/vue";
const token = () => "a token";
</script>
<template>
  <captcha-field source="login" :token.prop="token" @captcha-token="$event.detail.toUpperCase()"
    @captcha-error="$event.detail.status === 401 && token()" />
</template>
"""
SVELTE = """<script lang="ts">
  import "flask-captcha-api/svelte";
  const token = () => "a token";
</script>
<captcha-field source="login" {token} oncaptcha-token={(event) => event.detail.toUpperCase()}
  oncaptcha-error={(event) => event.detail.status}></captcha-field>
"""


@pytest.mark.parametrize(("name", "text", "command"), [
    ("Login.vue", VUE, ["vue-tsc", "--noEmit"]),
    ("Login.svelte", SVELTE, ["svelte-check", "--tsconfig", "./tsconfig.json", "--output", "machine"]),
])  # fmt: skip
def test_the_types_of_templates(name: str, text: str, command: list[str]) -> None:
    """Vue's and Svelte's checkers know the element, and find a token that has no such member."""
    project = project_of(command[0])
    assert checked(project, {name: text}, *command) == ""
    found = checked(project, {name: text.replace("detail.toUpperCase()", "detail.statuses()")}, *command)
    assert "Property 'statuses' does not exist on type 'string'" in found
    found = checked(project, {name: text.replace('source="login" ', "")}, *command)
    assert "'source' is missing" in found


def test_vite_makes_a_worker_of_its_own() -> None:
    """The code for work is a chunk that is loaded on demand, with a worker; the module has no address in it."""
    project = write_project("worker", "react", starter="react")
    node(project, "vite", "build", "--logLevel", "warn")
    names = sorted(path.name for path in (project / "dist" / "assets").iterdir())
    assert len([name for name in names if name.startswith("captcha-work-")]) == 2, names
    assert len([name for name in names if name.startswith("index-")]) == 1, names
