"""Finds the messages to developers in the package's source: what it logs, warns of, and raises.

docs/troubleshooting.md is tested against these, so that no message is without its remedy there. Placeholders become
"…".
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import flask_captcha_api
from tools.pages.markdown import bullets

PACKAGE = Path(flask_captcha_api.__file__).parent

#: The names of functions that only log, and of loggers' methods.
_LOGGING = {"log_once", "_log_once", "error", "warning", "exception", "log"}
_EXCEPTIONS = {
    "FormNotOffered",
    "ImportError",
    "RuntimeError",
    "SetupError",
    "StoreUnavailable",
    "TypeError",
    "UnknownSource",
    "ValueError",
}
#: Functions whose strings are faults that their callers log or raise.
_COLLECTING = {
    ("http/protected_views.py", "find_faults"): "log",
    ("storage/capacity.py", "capacity_warning"): "log",
    ("storage/secret_keys.py", "find_faults"): "error",
    ("settings/reading.py", "_source_errors"): "error",
    ("settings/reading.py", "_value_errors"): "error",
    ("settings/reading.py", "_contradictions"): "error",
    ("settings/reading.py", "_rates_too_long"): "error",
}
#: Modules whose exceptions never reach a developer: they become results, or are not raised in apps.
_INTERNAL = ("http/fields.py", "http/openapi", "translations")
#: The fewest words of a message: a shorter text is a part of one.
_FEWEST_WORDS = 3


#: Where the page about errors sends its readers: a title, a page, and the modules whose messages it is about.
_GUIDES = (
    ("Settings", "reference/settings.md", ("settings/", "storage/secret_keys.py")),
    ("The cache", "how-to/choose-a-cache.md", ("storage/",)),
    ("Rate limits and counts of failures", "how-to/rate-limits.md", ("throttling/",)),
    ("Setting an app up", "reference/python.md", ("extension.py", "http/views.py", "state.py", "widget/assets.py")),
    ("Protected views", "reference/python.md", ("http/", "exceptions.py")),
    ("The widget and forms", "how-to/widget.md", ("widget/", "wtf.py")),
    ("Kinds, pictures and sounds", "how-to/own-kind.md", ("challenges/", "rendering/", "cli/")),
    ("Issuing outside the routes", "reference/python.md", ("service.py",)),
    ("The service for other apps", "how-to/service.md", ("siteverify/",)),
    ("Tests", "how-to/tests.md", ("testing/",)),
)


class Message(NamedTuple):
    """A message of the package.

    :ivar use: ``log``, ``warning``, ``error`` (raised) or ``check`` (said by ``flask captcha check``).
    :ivar module: its module's path in the package.
    :ivar text: the message with "…" for what varies.
    """

    use: str
    module: str
    text: str


@cache
def unresolved() -> frozenset[tuple[str, str]]:
    """Return the module and the code of each call that logs or warns of a message that the source does not show."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and _use_of(node) in ("log", "warning")
                and not any(True for argument in node.args for _ in _texts_of(argument))
            ):
                found.add((path.relative_to(PACKAGE).as_posix(), ast.unparse(node)))
    return frozenset(found)


@cache
def messages() -> tuple[Message, ...]:
    """Return every message, in the order of the source, each once."""
    found = [message for path in sorted(PACKAGE.rglob("*.py")) for message in _messages_in(path)]
    whole = [each for each in found if len(each.text.split()) >= _FEWEST_WORDS and each.text[0] != " "]
    return tuple(dict.fromkeys(whole))


def errors(_: str) -> str:
    """Return lists of what the package raises, by the guide that helps."""
    found = [each for each in messages() if each.use == "error"]
    parts = []
    for title, page, modules in _GUIDES:
        its = [each for each in found if each.module.startswith(modules)]
        found = [each for each in found if each not in its]
        parts.append(f"### {title}\n\nMore in [the guide]({page}).\n\n{bullets(each.text for each in its)}")
    if found:
        raise ValueError(f"no guide for the messages of {found[0].module}: add it to _GUIDES")
    return "\n\n".join(parts)


def check_messages(_: str) -> str:
    """Return the list of what ``flask captcha check`` finds."""
    return bullets(each.text for each in messages() if each.use == "check")


def _messages_in(path: Path) -> Iterator[Message]:
    module = path.relative_to(PACKAGE).as_posix()
    if module.startswith(_INTERNAL):
        return
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (module, node.name) in _COLLECTING:
            collected = _COLLECTING[module, node.name]
            yield from (Message(collected, module, text) for text in _texts_in(ast.Module(node.body[1:], [])))
        elif isinstance(node, ast.Call) and (use := _use_of(node)):
            for argument in node.args:
                yield from (Message(use, module, text) for text in _texts_of(argument))


def _use_of(call: ast.Call) -> str | None:
    """Return what a call does with its message; None if it has none."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("add_error", "add_note"):
        return "check"
    if name in ("warn", "_warn"):
        return "warning"
    if name in _LOGGING:
        return "log"
    return "error" if name in _EXCEPTIONS else None


def _texts_in(body: ast.AST) -> Iterator[str]:
    """Yield each whole text in a function's body."""
    for node in ast.iter_child_nodes(body):
        if (text := _template(node)) is None:
            yield from _texts_in(node)
        else:
            yield text


def _texts_of(argument: ast.expr) -> Iterator[str]:
    """Yield the texts that an argument may be, as far as the source shows them."""
    if isinstance(argument, ast.IfExp):
        yield from _texts_of(argument.body)
        yield from _texts_of(argument.orelse)
    elif isinstance(argument, ast.Name):
        yield from _constants().get(argument.id, ())
    elif (text := _template(argument)) is not None:
        yield text


def _template(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[.\d]*[srd]", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in node.values)
        return re.sub("…+", "…", text)
    return None


@cache
def _constants() -> dict[str, list[str]]:
    """Return the texts that the modules of the package assign to names in capitals."""
    found: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if (
                isinstance(node, ast.Assign)
                and (text := _template(node.value))
                and isinstance(node.targets[0], ast.Name)
            ):
                found.setdefault(node.targets[0].id, []).append(text)
    return {name: texts for name, texts in found.items() if name.isupper()}
