#!/bin/sh
# Prints the command of a Python that can build .venv, or says in one line why there is none.
# $PYTHON decides if set. Else the everyday python3 if it is a tested version, then any tested
# version by name, then whatever newer python3 there is.

usable() { # $1: command, $2: first minor version refused. Starts it: a name on PATH may be an empty shim.
    "$1" -c "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, $2))" \
        >/dev/null 2>&1
}

if [ -n "$PYTHON" ]; then
    usable "$PYTHON" 1000 && echo "$PYTHON" && exit 0
    echo "PYTHON=$PYTHON is no Python 3.11 or newer with venv and pip; name another one." >&2
    exit 1
fi
for candidate in python3 python3.12 python3.13 python3.11 python; do
    usable "$candidate" 14 && echo "$candidate" && exit 0
done
for candidate in python3 python; do
    usable "$candidate" 1000 && echo "$candidate" && exit 0
done
echo "No Python 3.11 or newer (with its venv module) was found; install one from python.org or" \
    "your system's packages, or name it: make lab PYTHON=/path/to/python3" >&2
exit 1
