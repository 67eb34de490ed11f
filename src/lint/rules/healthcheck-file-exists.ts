import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand, ShellWord } from "../../dockerfile/shell.ts";
import { defineRule } from "../rule.ts";

export const healthcheckFileExists = defineRule({
  kind: "dockerfile",
  name: "healthcheck-file-exists",
  group: "runtime",
  severity: "info",
  aliases: [],
  meaning: "HEALTHCHECK asks only whether a file is there.",
  why: 'A training loop that writes a file to show that it lives leaves it behind when it hangs, in a dead collective or a stuck loader: the check goes on to succeed for days. Let the loop touch the file at each step and ask for its age, longer than the longest step: `test -n "$(find /tmp/alive -mmin -10)"`. Leave it where the program takes the file away when it is not well.',
  examples: [
    {
      bad: 'FROM python:3.12\nHEALTHCHECK --interval=60s CMD test -f /tmp/training_alive || exit 1\nCMD ["python", "train.py"]\n',
      good: 'FROM python:3.12\nHEALTHCHECK --interval=60s CMD test -n "$(find /tmp/training_alive -mmin -10)" || exit 1\nCMD ["python", "train.py"]\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "HEALTHCHECK") continue;
      const commands = readShell(file, instruction).flatMap((script) => script.commands);
      const asked = commands.filter(({ name }) => !/^(?:exit|true|false|echo)$/.test(name));
      const [command] = asked;
      if (command === undefined || asked.length > 1) continue;
      const path = fileAskedFor(command);
      if (path === undefined) continue;
      report({
        at: { start: command.start, end: command.end },
        message: `once ${path.value} is there the container stays healthy, also when its program hangs`,
      });
    }
  },
});

function fileAskedFor({ name, args }: ShellCommand): ShellWord | undefined {
  const words = args.filter((word) => word.value !== "]");
  if (name === "test" || name === "[") {
    const [operator, path] = words;
    return words.length === 2 && /^-[efs]$/.test(operator?.value ?? "") ? path : undefined;
  }
  if (!/^(?:ls|stat|cat)$/.test(name)) return undefined;
  const plain = words.filter((word) => !word.value.startsWith("-"));
  return plain.length === 1 && /^\/(?!proc\/)[\w./-]+$/.test(plain[0]?.value ?? "") ? plain[0] : undefined;
}
