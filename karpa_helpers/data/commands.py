"""`python -m karpa_helpers data list | fetch | verify | clear`: the cache on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from karpa_helpers.data import store
from karpa_helpers.data.errors import DataError, megabytes
from karpa_helpers.data.sources import SOURCES


def add_commands(subparsers: Any) -> None:
    """Adds `data` and its commands. Each sets `run`, a function of the parsed arguments.

    Args:
        subparsers: What `ArgumentParser.add_subparsers` returned.
    """
    parser = subparsers.add_parser("data", help="data sets: what there is, fetch, verify, clear")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], None], about: str) -> Any:
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(run=lambda arguments: _guarded(run, arguments))
        return command

    add("list", list_sets, "show all data sets, their size and terms, and where they are at hand")
    fetch = add("fetch", fetch_set, "get a data set and check it")
    fetch.add_argument("name", metavar="NAME", help=", ".join(SOURCES))
    fetch.add_argument("--from", dest="folder", help="folder with your own copy of its files")
    verify = add("verify", verify_sets, "check the data sets in the cache")
    verify.add_argument("name", metavar="NAME", nargs="?", help="one of them; default: all")
    clear = add("clear", clear_sets, "remove data sets from the cache")
    clear.add_argument("name", metavar="NAME", nargs="?", help="one of them; default: all")


def list_sets(arguments: argparse.Namespace) -> None:
    """Prints the registry and where each set is at hand."""
    print(f"cache: {store.cache_folder()}")
    for source in SOURCES.values():
        print(f"{source.name:14} {megabytes(source.size):>9}  {store.whereabouts(source)}")
        print(f"{'':14} {source.title}: {source.contents}.")
        print(f"{'':14} Licence: {source.licence}.")
        print(f"{'':14} Without it: {source.embedded}.")


def fetch_set(arguments: argparse.Namespace) -> None:
    """Gets one set and prints where it lies."""
    found = store.fetch(arguments.name, arguments.folder)
    source = store.find_source(arguments.name)
    print(f"{source.title} from {found.origin}, checked. Licence: {source.licence}.")
    for path in found.paths.values():
        print(f"  {path}")


def verify_sets(arguments: argparse.Namespace) -> None:
    """Prints the state of the cached files; damaged ones are an error."""
    damaged = []
    for source in _chosen(arguments.name):
        for item in source.items:
            state = store.item_state(source, item)
            print(f"{source.name}/{item.name}: {state}")
            damaged += [source.name] if state == "damaged" else []
    if damaged:
        raise DataError(
            f"Damaged: {', '.join(dict.fromkeys(damaged))}. It will not be used. Run "
            f"`python -m karpa_helpers data fetch {damaged[0]}` to replace it."
        )


def clear_sets(arguments: argparse.Namespace) -> None:
    """Removes one set or all of them from the cache."""
    for source in _chosen(arguments.name):
        print(f"{source.name}: {megabytes(store.clear(source))} freed")


def _chosen(name: str | None) -> list[Any]:
    return list(SOURCES.values()) if name is None else [store.find_source(name)]


def _guarded(run: Callable[[argparse.Namespace], None], arguments: argparse.Namespace) -> int:
    """The exit code of a command; a DataError is one message, not a traceback."""
    try:
        run(arguments)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
