"""The command line of base.py."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable

from .base_folder import ROOT
from .check import check
from .environment import read_state
from .finish import finish
from .install import install_common, install_torch, install_wheels
from .link import link, unlink
from .refusal import Refusal


def main(words: list[str]) -> int:
    """Runs one command; answers the exit status."""
    parsers = build_parsers()
    chooser = argparse.ArgumentParser(prog="base.py", description="Fills a base with torches, and links projects to them.")
    chooser.add_argument("command", choices=parsers, help="one of: %(choices)s; each has --help")
    parser = parsers[chooser.parse_args(words[:1]).command]
    # Options may stand between arguments.
    arguments = parser.parse_intermixed_args(words[1:])
    # As an exception it ends uv, too, and clears away what is half done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except Refusal as refusal:
        return refuse(arguments, refusal)
    except OSError as error:
        # What is written tells of itself (files.told): this is a file that is not for us to read.
        return refuse(arguments, Refusal("FILE_BROKEN", f"{error.filename or 'a file'} cannot be read: {error.strerror or error}"))
    except KeyboardInterrupt:
        return 130


def refuse(arguments: argparse.Namespace, refusal: Refusal) -> int:
    if arguments.json:
        print(json.dumps({"code": refusal.code, "message": refusal.sentence, "hint": refusal.hint}), file=sys.stderr)
    else:
        print(f"error: {refusal.sentence}", file=sys.stderr)
        if refusal.hint:
            print(f"hint: {refusal.hint}", file=sys.stderr)
    return 3


def build_parsers() -> dict[str, argparse.ArgumentParser]:
    """What each command takes."""
    parsers: dict[str, argparse.ArgumentParser] = {}

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = parsers[name] = argparse.ArgumentParser(prog=f"base.py {name}", description=text)
        added.add_argument("--root", type=Path, default=ROOT, metavar="FOLDER", help="the base; the one that this program stands in")
        added.add_argument("--json", action="store_true", help="answer in JSON")
        added.set_defaults(run=run)
        return added

    common = command("common", run_common, "Install the packages for every project, in place of those of the last time")
    wheels = command("wheels", run_wheels, "Unpack wheels that several torches use")
    torch = command("torch", run_torch, "Install one torch with its companions")
    for one in (common, wheels, torch):
        one.add_argument("--python", required=True, metavar="X.Y", help="for this Python")
    for one in (wheels, torch):
        one.add_argument("--index", metavar="URL", help="an index beside PyPI; its builds come first")
    common.add_argument("requirements", nargs="*", metavar="REQUIREMENT")
    wheels.add_argument("requirements", nargs="+", metavar="NAME==VERSION")
    torch.add_argument("version", metavar="VERSION", help="2.5.1, or 2.5.1+cu124")
    torch.add_argument("companions", nargs="*", metavar="COMPANION==VERSION")

    done = command("finish", run_finish, "Write base.json and the programs uv_init_torch*")
    done.add_argument(
        "--programs", type=Path, metavar="FOLDER", help="links to the programs in this folder, too; /usr/local/bin for a base in /opt/ddiff"
    )

    linking = command("link", run_link, "Link the project to a torch of the base")
    linking.add_argument("version", nargs="?", metavar="VERSION", help="when not said: the last one, or the newest that the project's files allow")
    linking.add_argument("--python", metavar="X.Y", help="for this Python, where the base has several")
    linking.add_argument("--force", action="store_true", help="replace a .venv that is not of ddiff's making, and remove a second torch")
    linking.add_argument("--check", action="store_true", help="change nothing, and tell whether the link is whole")
    unlinking = command("unlink", run_unlink, "Take the link away")
    checking = command("check", run_check, "Tell whether a project's link is whole")
    for one in (linking, unlinking, checking):
        one.add_argument("--project", type=Path, default=Path(), metavar="FOLDER", help="the project; the current folder when not said")
    return parsers


def run_common(arguments: argparse.Namespace) -> int:
    found = install_common(arguments.root.resolve(), arguments.python, arguments.requirements)
    names = {one.name: one.version for one in found.values()}
    return answer(arguments, {"packages": names}, f"{len(names)} common packages for Python {arguments.python}")


def run_wheels(arguments: argparse.Namespace) -> int:
    made = install_wheels(arguments.root.resolve(), arguments.python, arguments.index, arguments.requirements)
    return answer(arguments, {"folders": [str(path) for path in made]}, f"{len(made)} wheels that torches share")


def run_torch(arguments: argparse.Namespace) -> int:
    torch = install_torch(arguments.root.resolve(), arguments.python, arguments.version, arguments.index, arguments.companions)
    return answer(arguments, {"torch": torch.version}, f"torch {torch.version} for Python {arguments.python}")


def run_finish(arguments: argparse.Namespace) -> int:
    base = finish(arguments.root.resolve(), arguments.programs)
    torches = [torch["version"] for python in base["pythons"] for torch in python["torch"]]
    return answer(arguments, base, f"{arguments.root.resolve()} has torch {', '.join(torches) or 'in no version'}")


def run_link(arguments: argparse.Namespace) -> int:
    if arguments.check:
        return run_check(arguments)
    linked = link(arguments.root.resolve(), arguments.version, arguments.python, arguments.project.resolve(), arguments.force)
    text = (
        f"{linked['project']} is linked to torch {linked['torch']} (Python {linked['python']}): "
        f"{linked['packages']} packages of the base, and .venv takes {linked['bytes'] / 1e6:.1f} MB"
    )
    if linked["note"] and not arguments.json:
        print(f"note: {linked['note']}", file=sys.stderr)
    return answer(arguments, linked, text)


def run_unlink(arguments: argparse.Namespace) -> int:
    done = unlink(arguments.project.resolve())
    if not done["removed"]:
        text = f"{done['project']} is not linked"
    elif done["kept"]:
        text = f"{done['project']} is no longer linked; .venv stays with {done['kept']} packages of its own"
    else:
        text = f"{done['project']} is no longer linked, and .venv is gone"
    return answer(arguments, done, text)


def run_check(arguments: argparse.Namespace) -> int:
    folder = arguments.project.resolve()
    findings = check(folder)
    if arguments.json:
        print(json.dumps({"project": str(folder), "findings": [asdict(one) for one in findings]}))
    elif findings:
        for one in findings:
            print(f"{one.code}: {one.text}. {one.remedy}".rstrip())
    else:
        state = read_state(folder / ".venv")
        print(f"{folder} is linked to torch {state.torch if state else ''}, and everything is in place")
    return 1 if findings else 0


def answer(arguments: argparse.Namespace, data: dict[str, Any], text: str) -> int:
    print(json.dumps(data) if arguments.json else text, flush=True)
    return 0
