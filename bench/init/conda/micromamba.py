#!/usr/bin/env python3
"""Stands in for micromamba, which no registry of packages has: `micromamba create -p PREFIX -f FILE`, solved and installed by rattler."""

import argparse
import asyncio
import os
from pathlib import Path

import yaml
from rattler import Gateway, VirtualPackage, install, solve


async def create(prefix: Path, environment: dict) -> None:
    cache = Path(os.environ["MAMBA_ROOT_PREFIX"]) / "pkgs"
    records = await solve(
        environment["channels"],
        environment["dependencies"],
        platforms=["linux-64", "noarch"],
        gateway=Gateway(cache_dir=cache / "cache"),
        virtual_packages=VirtualPackage.detect(),
    )
    await install(records, prefix, cache_dir=cache, show_progress=False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="micromamba")
    create_parser = parser.add_subparsers(required=True).add_parser("create")
    create_parser.add_argument("-y", action="store_true")
    create_parser.add_argument("--always-copy", action="store_true")
    create_parser.add_argument("-p", dest="prefix", type=Path, required=True)
    create_parser.add_argument("-f", dest="file", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(create(arguments.prefix, yaml.safe_load(arguments.file.read_text())))


if __name__ == "__main__":
    main()
