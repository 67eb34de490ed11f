import os
import sys

import humanize

if __name__ == "__main__":
    print(f"{humanize.naturalsize(4096)} as user {os.getuid()}, by {sys.prefix}")
