"""The command line: `python -m karpa_helpers doctor | data ...`."""

from __future__ import annotations

import argparse
import sys

from karpa_helpers import doctor


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code; without a command it prints the help."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("\nStopped by you.", file=sys.stderr)
        return 130


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands. Each sets `run`, a function of the arguments to an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m karpa_helpers", description="Helpers of the Karpa course."
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    about = "show versions, devices, memory, data and folders, and what is wrong with its remedy"
    command = subparsers.add_parser("doctor", help=about, description=about)
    command.set_defaults(run=doctor.run)
    try:
        from karpa_helpers.data.commands import add_commands
    except ImportError as missing:  # the doctor must run where packages are missing
        parser.epilog = f"The command `data` is not there ({missing}). Run `doctor`."
    else:
        add_commands(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
