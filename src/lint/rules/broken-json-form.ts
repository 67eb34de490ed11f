import { brokenList } from "../knowledge/json-lists.ts";
import { defineRule, type Fix } from "../rule.ts";

/** Instructions that take a list of words in brackets. */
const listed = new Set(["CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME", "COPY", "ADD"]);

export const brokenJsonForm = defineRule({
  kind: "dockerfile",
  name: "broken-json-form",
  group: "syntax",
  severity: "error",
  aliases: [],
  meaning: "A list in brackets is no JSON, so that it is taken for plain words.",
  why: "Only double quotes and commas between all words make a list. `CMD ['python', 'serve.py']` is handed to a shell, which looks for a program called `[python,`: the container stops at once, with `not found`. `VOLUME ['/data']` makes a folder of that very name, and the data goes elsewhere. The build itself says nothing.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nCMD ['python', 'serve.py']\n",
      good: 'FROM python:3.12-slim\nCMD ["python", "serve.py"]\n',
      fixed: 'FROM python:3.12-slim\nCMD ["python", "serve.py"]\n',
    },
    {
      bad: 'FROM python:3.12-slim\nENTRYPOINT ["python" "serve.py",]\n',
      good: 'FROM python:3.12-slim\nENTRYPOINT ["python", "serve.py"]\n',
      fixed: 'FROM python:3.12-slim\nENTRYPOINT ["python", "serve.py"]\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      const inner = instruction.trigger ?? instruction;
      if (!listed.has(inner.keyword) || inner.json !== undefined) continue;
      const found = brokenList(inner);
      if (found === undefined) continue;
      const { from, text } = found;
      const start = inner.body.offset(from);
      const end = inner.body.offset(from + text.length - 1) + 1;
      const fix = file.text.slice(start, end) === text ? mended(text, start) : undefined;
      report({
        at: { start, end },
        message: `${text.length > 40 ? `${text.slice(0, 40)}...` : text} is no JSON, so ${costOf(inner.keyword)}`,
        ...(fix !== undefined && { fix }),
      });
    }
  },
});

function costOf(keyword: string): string {
  if (keyword === "VOLUME" || keyword === "COPY" || keyword === "ADD")
    return "brackets and quotes are taken for parts of the path";
  if (keyword === "SHELL") return "the build stops";
  return "a shell looks for a program whose name begins with a bracket";
}

/** The list with double quotes, and with commas between the words and nowhere else. */
function mended(text: string, start: number): Fix | undefined {
  const words = [
    ...text.slice(1, -1).matchAll(/\s*(?:'([^'"\\]*)'|"([^"\\]*)"|“([^“”"\\]*)”)\s*(?:,|(?=["'“])|$)/g),
  ];
  const whole = words.reduce((sum, match) => sum + match[0].length, 0);
  if (words.length === 0 || whole !== text.length - 2) return undefined;
  const list = words.map((match) => JSON.stringify(match[1] ?? match[2] ?? match[3] ?? "")).join(", ");
  return {
    title: "write it as JSON",
    risk: "safe",
    edits: [{ start, end: start + text.length, text: `[${list}]` }],
  };
}
