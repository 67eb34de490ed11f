import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { newFolder } from "../../places/testing/folders.ts";
import { commands } from "../commands.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

let folder: string;

beforeEach(async () => {
  folder = await newFolder();
  mkdirSync(join(folder, "images dir"));
  for (const name of ["torch.ddiff", "torch.ddiff.001", "old.tar.gz", "notes.txt"])
    writeFileSync(join(folder, name), "");
});

/** What a real bash offers for the line up to its end, sorted. */
function bash(line: string): string[] {
  writeFileSync(join(folder, ".completion"), bashCompletion(commands));
  // Readline cuts words at these, and hands the pieces over in COMP_WORDS.
  const words = line.split(/((?:\s+)|[=:])/).filter((word) => word.trim() !== "");
  if (/\s$/.test(line)) words.push("");
  const script = `set -u; . ./.completion; COMP_LINE=$1 COMP_POINT=\${#1}; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _ddiff ddiff "\${!#}" ""; printf '%s\\n' "\${COMPREPLY[@]-}"`;
  const out = execFileSync("bash", ["--norc", "-c", script, "bash", line, ...words], {
    cwd: folder,
    encoding: "utf8",
  });
  return out
    .split("\n")
    .filter((one) => one !== "")
    .sort();
}

describe("bash", () => {
  test.each<[string, string[]]>([
    ["ddiff di", ["diff"]],
    ["ddiff p", ["pull", "push"]],
    ["ddiff --json sh", ["show"]],
    ["ddiff --tempdir /x dif", ["diff"]],
    ["ddiff --q", ["--quiet"]],
    ["ddiff --tempdir im", ["images dir"]],
    ["ddiff diff --m", ["--max-effort"]],
    ["ddiff diff --fast a --whole", ["--whole-layers"]],
    ["ddiff load torch.ddiff --ver", ["--verify-only"]],
    ["ddiff load t", ["torch.ddiff", "torch.ddiff.001"]],
    ["ddiff load --base x o", ["old.tar.gz"]],
    ["ddiff load n", []],
    ["ddiff diff docker-", ["docker-archive:", "docker-daemon:"]],
    ["ddiff diff a con", ["containerd:", "containers-storage:"]],
    ["ddiff diff --have n", ["notes.txt"]],
    ["ddiff copy oci:im", ["images dir"]],
    ["ddiff cache ", ["clear", "show"]],
    ["ddiff cache c", ["clear"]],
    ["ddiff help ver", ["version"]],
    ["ddiff completion ", ["bash", "fish", "zsh"]],
    ["ddiff build --max", ["--max-effort"]],
    ["ddiff build --json", []],
    ["ddiff version --j", ["--json"]],
  ])("%j", (line, offered) => {
    expect(bash(line)).toEqual(offered);
  });

  test("an empty line offers every command", () => {
    expect(bash("ddiff ")).toEqual(commands.map((one) => one.name).sort());
  });

  test("registers for ddiff, and does not touch the shell's options", () => {
    writeFileSync(join(folder, ".completion"), bashCompletion(commands));
    const script =
      'before=$(shopt); . ./.completion; complete -p ddiff; COMP_LINE=\'ddiff load t\' COMP_POINT=12; _ddiff; [ "$before" = "$(shopt)" ] && echo same';
    expect(execFileSync("bash", ["--norc", "-c", script], { cwd: folder, encoding: "utf8" })).toBe(
      "complete -F _ddiff ddiff\nsame\n",
    );
  });
});

/** Whether a shell is here; the scripts of one that is not are only looked at. */
function has(shell: string): boolean {
  try {
    execFileSync(shell, ["-c", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("zsh and fish", () => {
  test.each([
    ["zsh", zshCompletion(commands)],
    ["fish", fishCompletion(commands)],
  ])("%s has every command and option", (_shell, script) => {
    for (const command of commands) {
      expect(script).toContain(command.name);
      for (const option of Object.keys(command.options))
        expect(script).toMatch(new RegExp(`(?:--|-l )${option}\\b`));
    }
  });

  test.skipIf(!has("zsh"))("zsh reads its script and offers commands and options", () => {
    writeFileSync(join(folder, "_ddiff"), zshCompletion(commands));
    execFileSync("zsh", ["-n", join(folder, "_ddiff")]);
    // zsh completes only for a terminal of its own: zpty is one.
    const script = `zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z "fpath=($PWD \\$fpath); autoload -Uz compinit; compinit -u -D; PS1=; cd $PWD"
sleep 1; zpty -w -n z $1$'\\t'; sleep 1; zpty -w -n z $'\\n'; sleep 0.3; zpty -r z out '*'; while zpty -r -t z more; do out+=$more; done; print -r -- $out`;
    const ask = (line: string): string =>
      execFileSync("zsh", ["-f", "-c", script, "zsh", line], { cwd: folder, encoding: "utf8" });
    expect(ask("ddiff comple")).toContain("completion");
    expect(ask("ddiff diff --whole")).toContain("--whole-layers");
  });

  test.skipIf(!has("fish"))("fish reads its script and offers commands, options and words", () => {
    const file = join(folder, "ddiff.fish");
    writeFileSync(file, fishCompletion(commands));
    execFileSync("fish", ["-n", file]);
    const ask = (line: string): string[] =>
      execFileSync("fish", ["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, line], {
        cwd: folder,
        encoding: "utf8",
      })
        .split("\n")
        .map((one) => one.split("\t")[0] ?? "")
        .filter((one) => one !== "");
    expect(ask("ddiff comp")).toEqual(["completion"]);
    expect(ask("ddiff diff --whole")).toEqual(["--whole-layers"]);
    expect(ask("ddiff cache ").sort()).toEqual(["clear", "show"]);
  });
});
