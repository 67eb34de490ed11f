import { posix } from "node:path";
import type { Instruction } from "../../dockerfile/document.ts";
import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";
import { hasSwitch, usesOf } from "../knowledge/commands.ts";
import { switchValue } from "../knowledge/downloads.ts";
import { defineRule, type Edit } from "../rule.ts";

const valued = "oHduAexTXmCYyzbcEFKQrtUwDP";
/** What takes a page for good: an empty script does nothing, and does it well. tar, gpg and the like fail on one. */
const takers = new Set("sh bash dash zsh tee dd".split(" "));
/** What does not look into a file. */
const movers = new Set("chmod chown mv cp ln rm echo ls mkdir install touch".split(" "));

export const curlWithoutFail = defineRule({
  kind: "dockerfile",
  name: "curl-without-fail",
  group: "shell",
  severity: "info",
  aliases: ["DF035"],
  meaning: "curl stores or pipes what a server answers, also when that is an error page.",
  why: "Without `-f` curl ends well whatever the status is: a `404` becomes a file of 9 bytes, the build goes on and the layer is cached. The error comes when the model cannot be read or the key does not fit. With `-f` curl fails where the fault is. Not reported where the same RUN unpacks, runs or checks the file, which fails as well.",
  examples: [
    {
      bad: "FROM debian:12\nRUN curl -L -o /opt/w.onnx https://lab.example/w.onnx\n",
      good: "FROM debian:12\nRUN curl -fL -o /opt/w.onnx https://lab.example/w.onnx\n",
      fixed: "FROM debian:12\nRUN curl -fL -o /opt/w.onnx https://lab.example/w.onnx\n",
    },
    {
      bad: "FROM debian:12\nRUN curl https://lab.example/key.asc | tee /etc/apt/keyrings/lab.asc\n",
      good: "FROM debian:12\nRUN curl -f https://lab.example/key.asc | tee /etc/apt/keyrings/lab.asc\n",
      fixed: "FROM debian:12\nRUN curl -f https://lab.example/key.asc | tee /etc/apt/keyrings/lab.asc\n",
    },
  ],
  check(file, report) {
    const careless = new Map<Instruction, { command: ShellCommand; use: string }[]>();
    for (const { command, script, instruction } of usesOf(file, "curl")) {
      const { args, nameWord } = command;
      if (nameWord === undefined || !args.some((word) => /^https?:\/\//.test(word.value))) continue;
      if (
        hasSwitch(
          args,
          ["--fail", "--fail-with-body", "--head", "--write-out", "--data", "--request"],
          "fIwdX",
          valued,
        )
      )
        continue;
      const use = useOf(command, script);
      if (use === undefined || isGuarded(command, script)) continue;
      const list = careless.get(instruction);
      if (list === undefined) careless.set(instruction, [{ command, use }]);
      else list.push({ command, use });
    }
    for (const list of careless.values()) {
      const [first] = list;
      const at = first?.command.nameWord;
      if (first === undefined || at === undefined) continue;
      const edits = list.flatMap(({ command }) => failSwitch(command) ?? []);
      const times = list.length === 1 ? "" : ` (${list.length} times in this RUN)`;
      report({
        at,
        message: `curl ${first.use} the error page when the server has no such file${times}`,
        ...(edits.length === list.length && { fix: { title: "add -f", risk: "safe", edits } }),
      });
    }
  },
});

function useOf(command: ShellCommand, script: ShellScript): string | undefined {
  const named = switchValue(command.args, ["--output"], "o", valued) ?? command.writes[0];
  const remote = hasSwitch(command.args, ["--remote-name", "--remote-name-all"], "O", valued);
  const url = command.args.find((word) => /^https?:\/\//.test(word.value))?.value ?? "";
  const file = named?.value ?? (remote ? url.replace(/[?#].*$/, "") : undefined);
  if (file !== undefined)
    return /^\/dev\/|^-$/.test(file) || isLookedInto(file, command, script) ? undefined : "stores";
  const next = script.commands.find(
    (one) =>
      one.start > command.start &&
      one.pipeline === command.pipeline &&
      one.depth === command.depth &&
      one.joint === "|",
  );
  return next !== undefined && takers.has(next.name) ? `gives ${next.name}` : undefined;
}

/** Whether the RUN unpacks, runs or checks what was stored, and so fails on a page that is something else. */
function isLookedInto(file: string, command: ShellCommand, script: ShellScript): boolean {
  const name = posix.basename(file);
  const globs = new Set(["*", `*${posix.extname(name)}`]);
  const names = (value: string): boolean =>
    !value.includes("://") && posix.basename(value.replace(/^.*[=@]/, "")) === name;
  return script.commands.some(
    (one) =>
      one.start > command.start &&
      (one.name.endsWith("sum") ||
        one.name === name ||
        (!movers.has(one.name) &&
          one.args.some(({ value }) => names(value) || globs.has(posix.basename(value))))),
  );
}

/** Whether something is done about a failure already, or said not to matter. */
function isGuarded(command: ShellCommand, script: ShellScript): boolean {
  const at = script.commands.indexOf(command);
  const next = script.commands.slice(at + 1).find((one) => one.pipeline !== command.pipeline);
  return next?.joint === "||";
}

/** `-sSL` becomes `-fsSL`; without such a bunch, ` -f` comes first. */
function failSwitch({ nameWord, args }: ShellCommand): Edit | undefined {
  const [first] = args;
  if (nameWord === undefined || nameWord.raw !== nameWord.value) return undefined;
  if (first !== undefined && first.raw === first.value && /^-[a-zA-Z]+$/.test(first.value))
    return { start: first.start + 1, end: first.start + 1, text: "f" };
  return { start: nameWord.end, end: nameWord.end, text: " -f" };
}
