import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { formatBytes } from "../../util/bytes.ts";
import { chainOf } from "../knowledge/bases.ts";
import { hasSwitch, type Use, usesOf } from "../knowledge/commands.ts";
import { isWithin } from "../knowledge/mounts.ts";
import { absoluteWord, folderOf, pathWords, shownPath } from "../knowledge/paths.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { type Written, writtenBy } from "../knowledge/written-files.ts";
import { defineRule, type LintContext } from "../rule.ts";

/** Below this nobody would notice. */
const worthIt = 1_000_000;

export const chownDoublesCopy = defineRule({
  kind: "dockerfile",
  name: "chown-doubles-copy",
  group: "layers",
  severity: "warning",
  aliases: [],
  meaning: "`chown -R` or `chmod -R` in a RUN stores files again that an earlier instruction put there.",
  why: "A layer holds whole files: to change an owner or a mode, each file is copied into the new layer, 34.7 MB for a folder with numpy in a trial image, gigabytes for weights or an environment. `COPY --chown=user --chmod=...` sets both while copying; what a RUN makes is changed in that RUN, or made by the right user.",
  examples: [
    {
      bad: "FROM python:3.12 AS build\nRUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir scipy\nFROM python:3.12-slim\nRUN useradd app\nCOPY --from=build /opt/venv /opt/venv\nRUN chown -R app:app /opt/venv\nUSER app\n",
      good: "FROM python:3.12 AS build\nRUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir scipy\nFROM python:3.12-slim\nRUN useradd app\nCOPY --from=build --chown=app:app /opt/venv /opt/venv\nUSER app\n",
    },
    {
      bad: "FROM python:3.12-slim\nRUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir scipy\nRUN useradd app && chown -R app /opt/venv\n",
      good: "FROM python:3.12-slim\nRUN useradd app && python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir scipy && chown -R app /opt/venv\n",
    },
  ],
  check(file, report, context) {
    const shipped = shippedStages(file);
    const done = new Set<Instruction>();
    for (const use of usesOf(file, "chown", "chmod", "chgrp")) {
      const { command, instruction } = use;
      const stage = file.stages[instruction.stage];
      if (stage === undefined || !shipped.has(stage) || !hasSwitch(command.args, ["--recursive"], "R"))
        continue;
      const earlier = chainOf(stage)
        .flatMap((one) => one.instructions)
        .filter((one) => one.stage < instruction.stage || one.start < instruction.start);
      const twice = doubled(file, use, earlier, context);
      const [first] = twice;
      if (first === undefined) continue;
      const bytes = twice.reduce((sum, one) => sum + (one.size ?? 0), 0);
      const known = twice.every((one) => one.size !== undefined);
      // A second change of the same files costs nothing more.
      if ((known && bytes < worthIt) || done.has(instruction)) continue;
      done.add(instruction);
      const lines = [...new Set(twice.map((one) => one.instruction.line))].sort((a, b) => a - b);
      const size = known ? ` (${formatBytes(bytes)})` : "";
      const more = twice.some((one) => one.path !== first.path) ? " and more" : "";
      report({
        at: { start: command.start, end: command.end },
        message: `${command.name} -R stores ${shownPath(first.path)}${more} of line${lines.length > 1 ? "s" : ""} ${lines.join(", ")} a second time${size}; ${remedyFor(command.name, first)}`,
        ...(bytes > worthIt && { waste: bytes }),
      });
    }
  },
});

/** What to do instead: a COPY may set an owner or a mode already, only another one. */
function remedyFor(command: string, { by, instruction }: Written): string {
  if (!/^(?:COPY|ADD)$/.test(by)) return "do it where the files are made";
  const name = command === "chmod" ? "chmod" : "chown";
  const flag = instruction.flags.find((one) => one.name === name);
  return flag === undefined
    ? `${by} --${name} does it without`
    : `let --${name} of line ${instruction.line} say it, and change only what is new`;
}

/** Whether a COPY sets an owner that may be the one which is wanted; without `--chown` it is root. */
function mayBeDone({ instruction }: Written, command: string, wanted: string | undefined): boolean {
  if (command === "chmod" || !/^(?:COPY|ADD)$/.test(instruction.keyword)) return false;
  const owner = instruction.flags.find((flag) => flag.name === "chown");
  if (owner === undefined) return /^(?:(?:root|0)(?::(?:root|0)?)?|:(?:root|0))$/.test(wanted ?? "");
  return owner.value?.includes("$") === true;
}

/** What earlier layers have of the folders that are changed. */
function doubled(
  file: Dockerfile,
  use: Use,
  earlier: readonly Instruction[],
  context: LintContext,
): Written[] {
  const { command, instruction } = use;
  const state = file.before(instruction);
  const folder = folderOf(file, use);
  const own = writtenBy(file, instruction, context);
  const found = new Set<Written>();
  const [wanted, ...paths] = pathWords(command);
  for (const word of paths) {
    const path = absoluteWord(word, folder, state);
    if (path === undefined || path === "/" || own.some((one) => isWithin(path, one.path))) continue;
    for (const one of earlier) {
      for (const written of writtenBy(file, one, context)) {
        if (!isWithin(written.path, path) || mayBeDone(written, command.name, wanted?.value)) continue;
        if (written.size === undefined ? isLarge(written) : written.size > 10_000) found.add(written);
      }
    }
  }
  // What is large, or may be, says more than a small file beside it.
  return [...found].sort(
    (a, b) => (b.size ?? Infinity) - (a.size ?? Infinity) || a.instruction.start - b.instruction.start,
  );
}

/** Clones, environments and unpacked archives; folders of another stage or image; single weights. */
function isLarge({ by, path, instruction }: Written): boolean {
  if (/^(?:git clone|venv|uv venv|tar|unzip)$/.test(by)) return true;
  if (/\.(?:pt|pth|onnx|safetensors|gguf|bin|ckpt)$/.test(path)) return true;
  const foreign = instruction.flags.some((flag) => flag.name === "from");
  return foreign && !/\/(?:s?bin|etc)(?:\/|$)|[^/.]\.\w+$/.test(path);
}
