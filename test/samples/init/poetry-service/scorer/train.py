"""Leaves a file in outputs."""

import os
from pathlib import Path

import humanize


def main() -> None:
    Path("outputs/model.txt").write_text("weights")
    print(f"trained {humanize.intword(1_200_000)} weights as user {os.getuid()}")


if __name__ == "__main__":
    main()
