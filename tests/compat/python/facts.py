"""What each script here does with a fact: prints it, for the comparison, and asserts it."""

import os
import pathlib
import sys

*OPTIONS, PORT, DATABASE, KIND = sys.argv[1:]
PORT = int(PORT)
LOGIN = {"host": "127.0.0.1", "port": PORT, "user": "app", "password": "app", "database": DATABASE}

EVERY_BYTE = bytes(range(256))
BIGGEST = 2**64 - 1
NAME = "Zoë 🎈"

_wrong = []


def fact(name, value, expected):
    print(f"{name}: {value!r}", flush=True)
    if value != expected or type(value) is not type(expected):
        _wrong.append(f"{name} is {value!r}, not {expected!r}")


def seen(name, value):
    """A fact whose value only the server knows: it has to be the same through lockstep."""
    print(f"{name}: {value!r}", flush=True)


def error_of(action, kind):
    """The exception of that kind that the action ends with; another kind is no answer."""
    try:
        action()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was to be raised")


def file_to_load(text):
    """A file for LOAD DATA LOCAL, in the folder that the runner made for this run."""
    path = pathlib.Path("rows.txt").absolute()
    path.write_text(text, encoding="utf-8")
    return str(path)


def end():
    """The exit status tells; connections are left to the operating system, as by many a script."""
    for wrong in _wrong:
        print(wrong, file=sys.stderr)
    sys.stdout.flush()
    os._exit(1 if _wrong else 0)
