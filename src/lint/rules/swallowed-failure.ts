import type { AndOr } from "unbash";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellScript } from "../../dockerfile/shell.ts";
import type { Edit } from "../rule.ts";
import { runsOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

/** What asks a question: `[ -f x ] && rm x || true` says what to do when the answer is no. */
const questions = new Set(
  "[ [[ test grep egrep command which type ls stat id getent dpkg-query find pgrep true : echo cd set".split(
    " ",
  ),
);

export const swallowedFailure = defineRule({
  kind: "dockerfile",
  name: "swallowed-failure",
  group: "shell",
  severity: "warning",
  aliases: [],
  meaning:
    "`|| true` at the end of a chain hides the failure of everything before it, not only of its own command.",
  why: "`a && b || true` means `(a && b) || true`: when `a` fails, `b` is left out and the RUN still ends well, so the layer lacks what it was made for. Clean-up lines copied between images do that to whole installs. `a && { b || true; }` forgives `b` alone; where all of the chain may fail, write `(a && b) || true`.",
  examples: [
    {
      bad: "FROM debian:12\nRUN make install && find /opt -name '*.a' -delete || true\n",
      good: "FROM debian:12\nRUN make install && { find /opt -name '*.a' -delete || true; }\n",
      fixed: "FROM debian:12\nRUN make install && { find /opt -name '*.a' -delete || true; }\n",
    },
    {
      bad: "FROM condaforge/miniforge3:24.11.3-0\nRUN mamba install -y gdal && \\\n    rm -r /opt/conda/pkgs 2>/dev/null || true && \\\n    rm -rf /tmp/*\n",
      good: "FROM condaforge/miniforge3:24.11.3-0\nRUN mamba install -y gdal && \\\n    (rm -r /opt/conda/pkgs 2>/dev/null || true) && \\\n    rm -rf /tmp/*\n",
      fixed:
        "FROM condaforge/miniforge3:24.11.3-0\nRUN mamba install -y gdal && \\\n    { rm -r /opt/conda/pkgs 2>/dev/null || true; } && \\\n    rm -rf /tmp/*\n",
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      for (const script of readShell(file, instruction)) {
        if (!script.text.includes("||")) continue;
        for (const { command } of script.ast?.commands ?? []) {
          if (command.type !== "AndOr") continue;
          const found = swallowed(command, script);
          const [first] = found;
          if (first === undefined) continue;
          const others = new Set(first.names.filter((name) => name !== first.own));
          const names = others.size === 0 ? `another ${first.own}` : [...others].slice(0, 3).join(", ");
          report({
            at: { start: first.at.start, end: first.at.end },
            message: `\`|| ${first.says}\` hides failures of ${names} too, not only of ${first.own}`,
            fix: {
              title: "forgive the last command alone",
              risk: "unsafe",
              edits: found.flatMap((one) => one.edits),
            },
          });
        }
      }
    }
  },
});

interface Swallowed {
  names: string[];
  own: string;
  says: string;
  at: { start: number; end: number };
  edits: Edit[];
}

function swallowed(list: AndOr, script: ShellScript): Swallowed[] {
  const found: Swallowed[] = [];
  let from = 0;
  list.operators.forEach((operator, at) => {
    if (operator !== "||") return;
    const last = list.commands[at];
    const excuse = list.commands[at + 1];
    const before = list.commands.slice(from, at);
    from = at + 2;
    if (last === undefined || excuse?.type !== "Command") return;
    const says = excuse.name?.text;
    if (says !== "true" && says !== ":") return;
    const names = before.flatMap((node) => namesIn(script, node)).filter((name) => !questions.has(name));
    // A question at the front makes the chain a condition.
    const first = before[0] === undefined ? undefined : namesIn(script, before[0])[0];
    const asks = first !== undefined && questions.has(first) && !/^(?:cd|echo|set)$/.test(first);
    // A condition is excused with what hangs on it.
    const start = script.offset(((asks ? before[0] : undefined) ?? last).pos);
    const end = script.offset(excuse.end - 1) + 1;
    const edits: Edit[] = [
      { start, end: start, text: "{ " },
      { start: end, end, text: "; }" },
    ];
    if (names.length > 0 && !asks)
      found.push({
        names,
        own: namesIn(script, last)[0] ?? "the last command",
        says,
        at: { start: script.offset(excuse.pos), end },
        edits,
      });
    // Once what stands before can fail, a later excuse would hide that instead.
    else found.at(-1)?.edits.push(...edits);
  });
  return found;
}

function namesIn(script: ShellScript, node: { pos: number; end: number }): string[] {
  const start = script.offset(node.pos);
  const end = script.offset(node.end - 1);
  return script.commands
    .filter((one) => one.start >= start && one.start <= end && one.name !== "")
    .map((one) => (one.through.includes("command") ? "command" : one.name));
}
