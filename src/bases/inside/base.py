#!/usr/bin/env python3
"""The program that stands in a base: it fills the base's folder, and links projects to it.

A base is a folder (in an image /opt/ddiff) with several versions of torch. This program lies in it as bin/base.py, with its modules in
bin/ddiff_base, and needs nothing but Python 3.9 or newer. Run it with --help for what it does.

Exit status: 0 done, 1 the answer is no (`check` found something), 2 wrong usage, 3 it could not be done.
"""

import os
import sys

# The base is often read-only, and shared: nothing is written into it by being run.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

if sys.version_info < (3, 9):
    sys.exit("error: ddiff's base needs Python 3.9 or newer, and this is %d.%d" % sys.version_info[:2])

from ddiff_base.commands import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
