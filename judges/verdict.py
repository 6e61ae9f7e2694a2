"""What judges share: a check that fails does not keep the others from running, and the last line counts them."""

import os
import pathlib
import subprocess
import sys
import traceback


class Verdict:
    """Counts checks. `with verdict("what must hold"):` is one."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, name):
        return _Check(self, name)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


class _Check:
    def __init__(self, verdict, name):
        self.verdict = verdict
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.verdict.passed += 1
            print(f"ok      {self.name}", flush=True)
            return False
        if not issubclass(kind, Exception):
            return False
        self.verdict.failed += 1
        print(f"FAILED  {self.name}", flush=True)
        traceback.print_exception(kind, error, trace, file=sys.stdout)
        return True


def refused(kind, work):
    """Whether `work` raises an error of this kind; the error."""
    try:
        work()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


def equal(found, expected):
    """Like `assert found == expected`, but says both."""
    assert found == expected, f"found {found!r}, expected {expected!r}"


def built(name):
    """A program that the step has built."""
    return pathlib.Path(os.environ["CHARGLY_BUILT"]) / name


def program(name, *arguments):
    """Starts a program that speaks by lines."""
    return subprocess.Popen(
        [built(name), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
