"""All checks, each in a process of its own, and their findings, in order."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import astuple

from d2l_rnn.doctor import (
    browsers,
    computing,
    kernel,
    optional,
    packages,
    servers,
)
from d2l_rnn.doctor.findings import Finding, Report, reason, trouble

PATIENCE = 90  # seconds for all checks together, which usually take ten
CHECKS = {
    "Python": packages.check_python,
    "packages": packages.check_packages,
    "torch": computing.check_torch,
    "engine": computing.check_engine,
    "JupyterLab": servers.check_jupyterlab,
    "kernel": kernel.check_kernel,
    "d2l": optional.check_d2l,
    "text": optional.check_text,
    "browser": browsers.check_browser,
}
# A check's process prints its report line by line, each line with this mark, which any
# other output lacks. The last line says that the report is complete.
MARK = "d2l_rnn: "
DONE = "done"


def perform(title: str) -> Report:
    """Run one check in this process: its report, or why it failed; then DONE."""
    doing = ""
    try:
        for each in CHECKS[title]():
            doing = each if isinstance(each, str) else doing
            yield each
    except (Exception, SystemExit) as error:
        yield unknown(title, doing, reason(error))
    yield DONE


def unknown(title: str, doing: str, why: str) -> Finding:
    """The finding that a check did not finish, and what it was doing."""
    when = f", while {doing}" if doing else ""
    return trouble(f"{title}: could not find out{when} ({why})")


def print_report(title: str) -> None:
    """Perform one check, and print its report for an `Examination` to read."""
    for each in perform(title):
        line = each if isinstance(each, str) else astuple(each)
        print(f"\n{MARK}{json.dumps(line)}", flush=True)


class Examination:
    """One check, running in a process of its own."""

    def __init__(self, title: str):
        self.title = title
        self.file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "d2l_rnn.doctor", title],
            stdin=subprocess.DEVNULL,
            stdout=self.file,
            stderr=subprocess.DEVNULL,
        )

    def findings(self, seconds: float) -> list[Finding]:
        """Wait for the check, at most that many seconds, and return its findings."""
        try:
            status = self.process.wait(max(0, seconds))
            why = f"its Python ended with status {status}"
        except subprocess.TimeoutExpired:
            self.kill()
            why = "it takes too long"
        report = list(self.report())
        found = [each for each in report if isinstance(each, Finding)]
        doing = ["", *(each for each in report if isinstance(each, str))][-1]
        return found if doing == DONE else [*found, unknown(self.title, doing, why)]

    def report(self) -> Report:
        """The report of the process so far."""
        self.file.seek(0)
        for line in self.file.read().decode().splitlines():
            if line.startswith(MARK):
                each = json.loads(line[len(MARK) :])
                yield each if isinstance(each, str) else Finding(*each)

    def end(self) -> None:
        """Kill the process if it is still running, and discard its report."""
        self.kill()
        self.file.close()

    def kill(self) -> None:
        """Kill the process, and wait for that for at most five seconds."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)


def examine(titles: Iterable[str]) -> Iterator[Finding]:
    """All findings, in the order of the checks, which run side by side."""
    deadline = time.monotonic() + PATIENCE
    examinations: list[Examination] = []
    try:
        for title in titles:
            examinations.append(Examination(title))
        for each in examinations:
            yield from each.findings(deadline - time.monotonic())
    finally:
        for each in examinations:
            each.end()


def main() -> int:
    """Print the findings as they come; 0 if all is well, 1 if not."""
    all_well = True
    # If Python itself is too old, the other checks are pointless.
    for finding in examine(["Python"] if packages.python_is_too_old() else CHECKS):
        print(finding, flush=True)
        all_well = all_well and finding.is_well
    advice = "Put right what is marked FIX, from the top down, and try again."
    print("All is well." if all_well else advice)
    return 0 if all_well else 1
