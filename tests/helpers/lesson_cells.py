"""The code cells of a lesson, run apart from each other: which ones a cell needs, and a run."""

from __future__ import annotations

import ast
import dis
import types
from collections.abc import Sequence
from typing import Any

READING = ("LOAD_NAME", "LOAD_GLOBAL")


def names(cell: str) -> tuple[set[str], set[str]]:
    """(the lesson's names that a cell takes from cells before it, those that it makes or changes).

    From its bytecode, which says in order what is read and written, and in which scope.
    """
    code = compile(cell, "<cell>", "exec")
    reads, writes = set(), set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            writes.add(step.argval)
        elif step.opname in READING and step.argval not in writes:
            reads.add(step.argval)
    reads |= inner_reads(code) - writes
    for node in ast.walk(ast.parse(cell)):  # a[0] = 1 changes a
        if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            writes |= {x.id for x in ast.walk(node.value) if isinstance(x, ast.Name)}
    return reads, writes


def inner_reads(code: types.CodeType) -> set[str]:
    """What functions and comprehensions read from outside of themselves."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    steps = [step for function in inner for step in dis.get_instructions(function)]
    found = {step.argval for step in steps if step.opname in READING}
    return found.union(*map(inner_reads, inner))


def needed(cells: Sequence[str], targets: set[int]) -> list[int]:
    """The cells that the target cells need, themselves included, in order."""
    wanted: set[str] = set()
    found = []
    for number in reversed(range(len(cells))):
        reads, writes = names(cells[number])
        if number in targets or writes & wanted:
            found.append(number)
            wanted |= reads
    return found[::-1]


def run(cells: Sequence[str], number: int, scope: dict[str, Any]) -> None:
    exec(compile(cells[number], f"<cell {number}>", "exec"), scope)
