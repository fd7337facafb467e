"""
Finds Python 3 syntax that Python 2.7 cannot parse, for machines without Python 2.7.

Tests compare its verdicts with a real Python 2.7 if there is one.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

_LATER = {
    *("AnnAssign", "AsyncFor", "AsyncFunctionDef", "AsyncWith", "Await", "FormattedValue", "JoinedStr", "MatMult"),
    *("Match", "NamedExpr", "Nonlocal", "TemplateStr", "TryStar", "TypeAlias", "YieldFrom"),
}
_PREFIXES = {"", "u", "b", "r", "ur", "br"}
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")


def complaints(source: str) -> list[str]:
    """`line: what` for everything that Python 2.7 refuses, in order of lines; SyntaxError if Python 3 refuses it."""
    tree = ast.parse(source)
    faults = [*_in_nodes(tree), *_in_tokens(source)]
    if not source.isascii() and not any(_CODING.match(line) for line in source.splitlines()[:2]):
        faults.append((1, "letters beyond ASCII without a coding line"))
    printing = any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" and "print_function" in _names(node)
        for node in tree.body
    )
    if not printing:
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.keywords]
        printed = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
        faults += [(node.lineno, "print with keywords") for node in printed]
    return [f"{line}: {what}" for line, what in sorted(set(faults))]


def _names(node: ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names]


def _in_nodes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    called = {id(argument) for node in ast.walk(tree) if isinstance(node, ast.Call) for argument in node.args}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        kind = type(node).__name__
        if kind in _LATER:
            yield line, kind
        if isinstance(node, ast.Starred) and id(node) not in called:
            yield line, "* outside a call"
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            yield from _in_arguments(node.args, line)
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield line, "annotation of what is returned"
        if isinstance(node, ast.ClassDef) and node.keywords:
            yield line, "keywords of a class"
        if isinstance(node, ast.Raise) and node.cause is not None:
            yield line, "raise ... from"
        if isinstance(node, ast.Dict) and None in node.keys:
            yield line, "** in a dictionary"
        if isinstance(node, ast.Call):
            yield from _in_call(node)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if getattr(node, "type_params", None):
                yield line, "type parameters"
            for decorator in node.decorator_list:
                plain = decorator.func if isinstance(decorator, ast.Call) else decorator
                while isinstance(plain, ast.Attribute):
                    plain = plain.value
                if not isinstance(plain, ast.Name):
                    yield line, "a decorator that is no name"


def _in_arguments(arguments: ast.arguments, line: int) -> Iterator[tuple[int, str]]:
    if arguments.posonlyargs or arguments.kwonlyargs:
        yield line, "arguments by position or keyword only"
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    if any(argument is not None and argument.annotation is not None for argument in everything):
        yield line, "annotation"


def _in_call(call: ast.Call) -> Iterator[tuple[int, str]]:
    stars = [isinstance(argument, ast.Starred) for argument in call.args]
    if sum(stars) > 1 or (any(stars) and not stars[-1]):
        yield call.lineno, "arguments after *"
    double = [keyword.arg is None for keyword in call.keywords]
    if sum(double) > 1 or (any(double) and not double[-1]):
        yield call.lineno, "arguments after **"


def _in_tokens(source: str) -> Iterator[tuple[int, str]]:
    depth: list[bool] = []  # of open brackets, whether * is at the start of an entry
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line, text = token.start[0], token.string
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            continue
        if token.type == tokenize.STRING and re.split("['\"]", text, maxsplit=1)[0].lower() not in _PREFIXES:
            yield line, "prefix of a string"
        if token.type == tokenize.NUMBER and ("_" in text or (text.lower().startswith("0o") and len(text) < 3)):
            yield line, "_ in a number"
        if text in ("(", "[", "{"):
            depth.append(False)
        elif text in (")", "]", "}"):
            if depth.pop() and before == ",":
                yield line, "a comma after * or **"
        elif text in ("*", "**") and before in ("(", ",") and depth:
            depth[-1] = True
        before = text
