"""Counts to a million and says so."""

import os

import humanize

if __name__ == "__main__":
    print(f"counted to {humanize.intword(10**6)} as user {os.getuid()}")
