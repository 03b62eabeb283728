"""One check, in a process of its own: `python -m d2l_rnn.doctor packages`."""

import sys

from d2l_rnn.doctor.examination import print_report

if __name__ == "__main__":
    print_report(sys.argv[1])
