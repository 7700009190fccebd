"""The command line: `python -m karpa_helpers doctor | data list | fetch | verify | clear`."""

from __future__ import annotations

import argparse
import sys

from karpa_helpers import doctor
from karpa_helpers.data import store
from karpa_helpers.data.errors import DataError, megabytes
from karpa_helpers.data.sources import SOURCES, Source


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code; without a command it prints the help."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    try:
        return options.run(options) or 0
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped by you.", file=sys.stderr)
        return 130


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands. Each sets `run`, a function of the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m karpa_helpers", description="Helpers of the Karpa course."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    about = "show versions, devices, memory, data and folders, and what is wrong with its remedy"
    commands.add_parser("doctor", help=about, description=about).set_defaults(run=doctor.run)
    data = commands.add_parser("data", help="data sets: what there is, fetch, verify, clear")
    commands = data.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, about in (
        ("list", list_sets, "show all data sets, their size and terms, and where they are at hand"),
        ("fetch", fetch_set, "get a data set and check it"),
        ("verify", verify_sets, "check the data sets in the cache"),
        ("clear", clear_sets, "remove data sets, and all compiled programs, from the cache"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(run=run)
        if name == "fetch":
            command.add_argument("name", metavar="NAME", help=", ".join(SOURCES))
            command.add_argument("--from", dest="folder", help="folder with your own copy of it")
        elif name != "list":
            command.add_argument(
                "name", metavar="NAME", nargs="?", help="one of them; default: all"
            )
    return parser


def list_sets(options: argparse.Namespace) -> None:
    """Prints the table of data sets and where each is at hand."""
    print(f"cache: {store.cache_folder()}")
    for source in SOURCES.values():
        print(f"{source.name:14} {megabytes(source.size):>9}  {store.whereabouts(source)}")
        print(f"{'':14} {source.title}: {source.contents}.")
        print(f"{'':14} Licence: {source.licence}.")
        print(f"{'':14} Without it: {source.embedded}.")


def fetch_set(options: argparse.Namespace) -> None:
    """Gets one set and prints where it lies."""
    found = store.fetch(options.name, options.folder)
    source = store.find_source(options.name)
    print(f"{source.title} from {found.origin}, checked. Licence: {source.licence}.")
    for path in found.paths.values():
        print(f"  {path}")


def verify_sets(options: argparse.Namespace) -> None:
    """Prints the state of the cached files; damaged ones are an error."""
    damaged = []
    for source in _chosen(options.name):
        for item in source.items:
            state = store.item_state(source, item)
            print(f"{source.name}/{item.name}: {state}")
            damaged += [source.name] if state == "damaged" else []
    if damaged:
        raise DataError(
            f"Damaged: {', '.join(dict.fromkeys(damaged))}. It will not be used. Run "
            f"`python -m karpa_helpers data fetch {damaged[0]}` to replace it."
        )


def clear_sets(options: argparse.Namespace) -> None:
    """Removes one set from the cache, or all of them and the compiled programs."""
    for source in _chosen(options.name):
        print(f"{source.name}: {megabytes(store.clear(source))} freed")
    if options.name is None:
        from karpa_helpers import runtime  # only here: the other commands do without JAX

        print(f"compiled programs: {megabytes(runtime.clear_compiled_programs())} freed")


def _chosen(name: str | None) -> list[Source]:
    return list(SOURCES.values()) if name is None else [store.find_source(name)]


if __name__ == "__main__":
    sys.exit(main())
