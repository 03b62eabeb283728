"""One check, in a process of its own: `python -m d2l_rnn.doctor packages`.

Without the name of a check: all of them, as `python -m d2l_rnn doctor`.
"""

import sys

from d2l_rnn import commands
from d2l_rnn.doctor.examination import CHECKS, main, print_report

if __name__ == "__main__":
    if len(sys.argv) < 2:
        commands.run(main, "d2l_rnn.doctor")
    if sys.argv[1] not in CHECKS:
        sys.exit(f"python -m d2l_rnn.doctor: the checks are {', '.join(CHECKS)}")
    print_report(sys.argv[1])
