"""Makes the entries of docs/reference/python.md from the source: signatures and docstrings, as plain Markdown.

Signatures are those of the source, with its names of types. Docstrings are reStructuredText with Sphinx's fields; only
what the package uses is converted.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

_PACKAGE = "flask_captcha_api"
_ROLE = re.compile(r":(?:func|class|meth|data|mod|attr):`~?([^`]+)`")
_FIELD = re.compile(r"^:(param|ivar|raises|returns)(?: ([\w.]+))?: ", re.MULTILINE)
_WIDTH = 100


def entry(name: str, *, only_docstring: bool) -> str:
    """Return the Markdown of a public name: its heading, signature and docstring, and its public members.

    :param name: with its module, as it is imported, without the package: ``CaptchaApi`` or ``wtf.CaptchaField``.
    :param only_docstring: whether to leave out signature and members, for a class whose fields are described elsewhere.
    """
    module_name, _, own_name = f"{_PACKAGE}.{name}".rpartition(".")
    definition = _definition(module_name, own_name)
    heading = f"### `{name}`"
    if not isinstance(definition, ast.ClassDef | ast.FunctionDef):
        comment, text = definition
        return f"{heading}\n\n{_code(text)}\n\n{_prose(comment)}"
    if only_docstring:
        return f"{heading}\n\n{_prose(ast.get_docstring(definition) or '')}"
    parts = [heading, _code(_signature(definition)), _prose(ast.get_docstring(definition) or "")]
    if isinstance(definition, ast.ClassDef):
        parts += _members(own_name, definition, _path_of(module_name, own_name))
    return "\n\n".join(part for part in parts if part)


def _definition(module_name: str, name: str) -> Any:
    """Return the syntax tree of a class or a function, or the comment above a constant and its assignment."""
    value = getattr(import_module(module_name), name)
    if inspect.isclass(value) or inspect.isfunction(value):
        module_name, name = value.__module__, value.__name__
    path, tree = _parsed(module_name)
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom) and any((each.asname or each.name) == name for each in node.names):
            package = module_name if path.name == "__init__.py" else module_name.rpartition(".")[0]
            source = ".".join([*package.split(".")[: len(package.split(".")) + 1 - node.level], node.module or ""])
            return _definition(source, name)
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        if isinstance(target, ast.Name) and target.id == name:
            annotation = f": {ast.unparse(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
            value = f" = {ast.unparse(node.value)}" if not annotation and isinstance(node, ast.Assign) else ""
            return _comment_above(path, node.lineno), f"{name}{annotation}{value}"
    raise ValueError(f"{module_name} has no definition of {name!r}")


def _parsed(module_name: str) -> tuple[Path, ast.Module]:
    path = Path(inspect.getfile(import_module(module_name)))
    return path, ast.parse(path.read_text())


def _comment_above(path: Path, line: int) -> str:
    """Return the text of the ``#:`` comment that ends above a line."""
    found: list[str] = []
    for above in reversed(path.read_text().splitlines()[: line - 1]):
        if not above.strip().startswith("#: "):
            break
        found.insert(0, above.strip().removeprefix("#: "))
    return "\n".join(found)


def _signature(node: ast.ClassDef | ast.FunctionDef) -> str:
    """Return what a call of a function or a class looks like. Lines that are too long are broken at the parameters."""
    if isinstance(node, ast.FunctionDef):
        parameters = _parameters(node.args)
        returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return _call(f"def {node.name}", parameters, returned)
    bases = [ast.unparse(base) for base in node.bases]
    if "Enum" in bases:
        return f"class {node.name}(Enum)"
    if any("dataclass" in ast.unparse(each) for each in node.decorator_list):
        return _call(f"class {node.name}", list(_fields(node)), "")
    init = next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
    if init is None or any(base.endswith(("Error", "Exception")) for base in bases):
        return f"class {node.name}" + (f"({', '.join(bases)})" if bases else "")
    return _call(f"class {node.name}", _parameters(init.args), "")


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            if ast.unparse(each.annotation) == "KW_ONLY":
                yield "*"
            else:
                is_default = each.value is not None and "field(" not in ast.unparse(each.value)
                default = f" = {ast.unparse(each.value)}" if is_default and each.value is not None else ""
                yield f"{each.target.id}: {ast.unparse(each.annotation)}{default}"


def _parameters(arguments: ast.arguments) -> list[str]:
    """Return the parameters of a function, without ``self``, each with its type and its default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    found = [_parameter(*pair) for pair in zip(positional, [*defaults, *arguments.defaults], strict=True)]
    if arguments.vararg:
        found.append("*" + _parameter(arguments.vararg, None))
    elif arguments.kwonlyargs:
        found.append("*")
    found += [_parameter(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        found.append("**" + _parameter(arguments.kwarg, None))
    return [each for each in found if each not in ("self", "cls")]


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    if default is None:
        return argument.arg + annotation
    return f"{argument.arg}{annotation}{' = ' if annotation else '='}{ast.unparse(default)}"


def _call(beginning: str, parameters: list[str], returned: str) -> str:
    line = f"{beginning}({', '.join(parameters)}){returned}"
    if len(line) <= _WIDTH:
        return line
    return f"{beginning}(\n" + "".join(f"    {each},\n" for each in parameters) + f"){returned}"


def _members(class_name: str, node: ast.ClassDef, path: Path) -> Iterator[str]:
    """Yield the entries of a class's public methods and properties, or of the values of an enumeration."""
    is_enum = "Enum" in map(ast.unparse, node.bases)
    for each in node.body:
        if is_enum and isinstance(each, ast.Assign):
            name = ast.unparse(each.targets[0])
            yield f"- **`{class_name}.{name}`**: {_prose(_comment_above(path, each.lineno))}"
        if not isinstance(each, ast.FunctionDef) or not (text := ast.get_docstring(each)):
            continue
        if each.name.startswith("_") and each.name != "__call__":
            continue
        if "property" in map(ast.unparse, each.decorator_list):
            yield f"- **`{class_name}.{each.name}`**: {_prose(text)}"
        else:
            name = class_name if each.name == "__call__" else f"{class_name}.{each.name}"
            returned = f" -> {ast.unparse(each.returns)}" if each.returns else ""
            yield f"{_code(_call(name, _parameters(each.args), returned))}\n\n{_prose(text)}"


def _path_of(module_name: str, name: str) -> Path:
    return Path(inspect.getfile(getattr(import_module(module_name), name)))


def _code(text: str) -> str:
    language = "jinja" if text.startswith("{{") else "py"
    return f"```{language}\n{text}\n```"


def _prose(docstring: str) -> str:
    """Return a docstring as Markdown, its fields as a list."""
    text = _ROLE.sub(lambda role: f"`{role[1].removeprefix(_PACKAGE + '.')}`", inspect.cleandoc(docstring))
    text = text.replace("``", "`")
    first_field = _FIELD.search(text)
    body = text[: first_field.start()] if first_field else text
    fields = text[first_field.start() :] if first_field else ""
    parts = [_paragraphs(body), _field_list(fields)]
    return "\n\n".join(part for part in parts if part)


def _paragraphs(body: str) -> str:
    """Return paragraphs of one line each, and literal blocks as code."""
    found = []
    for part in re.split(r"\n\n+(?! )|\n\n+(?=    )", body.strip()):
        if part.startswith("    "):
            found.append(_code(inspect.cleandoc(part)))
        elif (joined := " ".join(part.split("\n"))) != "::":
            found.append(re.sub("::$", ":", joined.removesuffix(" ::")))
    return "\n\n".join(found)


def _field_list(fields: str) -> str:
    lines = []
    pieces = _FIELD.split(fields)[1:]
    for kind, name, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        told = " ".join(text.split())
        label = {"returns": "returns", "raises": f"raises `{name}`"}.get(kind, f"`{name}`")
        lines.append(f"- {label}: {told}")
    return "\n".join(lines)
