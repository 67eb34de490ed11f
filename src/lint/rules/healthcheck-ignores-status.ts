import { readShell } from "../../dockerfile/read-shell.ts";
import { hasSwitch } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

const valued = "oHduAexTXmCYyzbcEFKQrtUwDP";
/** What makes curl fail by the status, or look at it in another way. */
const careful = ["--fail", "--fail-with-body", "--fail-early", "--write-out"];

export const healthcheckIgnoresStatus = defineRule({
  kind: "dockerfile",
  name: "healthcheck-ignores-status",
  group: "runtime",
  severity: "warning",
  aliases: [],
  meaning: "HEALTHCHECK asks a server by curl, and takes any answer for a good one.",
  why: "curl ends well when a server answers, also with `500` or `503`: a service that says that its model is not loaded counts as healthy and gets requests. With `-f` the check fails from status 400 on. Leave it where the check is only whether the port is open.",
  examples: [
    {
      bad: "FROM python:3.12\nHEALTHCHECK --interval=30s CMD curl -s http://localhost:8000/health || exit 1\n",
      good: "FROM python:3.12\nHEALTHCHECK --interval=30s CMD curl -f -s http://localhost:8000/health || exit 1\n",
      fixed:
        "FROM python:3.12\nHEALTHCHECK --interval=30s CMD curl -f -s http://localhost:8000/health || exit 1\n",
    },
    {
      bad: 'FROM python:3.12\nHEALTHCHECK CMD ["curl", "http://localhost:8000/health"]\n',
      good: 'FROM python:3.12\nHEALTHCHECK CMD ["curl", "-f", "http://localhost:8000/health"]\n',
      fixed: 'FROM python:3.12\nHEALTHCHECK CMD ["curl", "-f", "http://localhost:8000/health"]\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "HEALTHCHECK") continue;
      for (const script of readShell(file, instruction)) {
        // What looks at the answer comes behind a pipe, or around.
        const asked = script.commands.filter(({ name }) => !/^(?:exit|true|false|echo)$/.test(name));
        const [curl] = asked;
        if (curl?.name !== "curl" || asked.length > 1 || curl.depth > 0 || curl.nameWord === undefined)
          continue;
        if (hasSwitch(curl.args, careful, "fw", valued)) continue;
        if (!curl.args.some(({ value }) => /^(?:https?:\/\/|localhost|127\.)/.test(value))) continue;
        if (curl.args.some(({ literal, value }) => !literal && value.startsWith("$"))) continue;
        const { end } = curl.nameWord;
        const isList = script.ast === undefined;
        report({
          at: { start: curl.start, end: curl.end },
          message: "curl succeeds also when the server answers with an error, so the container stays healthy",
          fix: {
            title: "add -f",
            risk: "unsafe",
            edits: [{ start: end, end, text: isList ? ', "-f"' : " -f" }],
          },
        });
      }
    }
  },
});
