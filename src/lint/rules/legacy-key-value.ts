import { isLegacyPair } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const legacyKeyValue = defineRule({
  kind: "dockerfile",
  name: "legacy-key-value",
  group: "syntax",
  severity: "info",
  aliases: ["LegacyKeyValueFormat"],
  meaning: "ENV or LABEL is written in the old form without an equals sign.",
  why: "`ENV A 1 B=2` sets A to `1 B=2`: the rest of the line is the value, blanks included. Docker calls the form deprecated and warns of it at each build.",
  examples: [
    {
      bad: "FROM debian:12\nENV DATA_DIR /data\n",
      good: "FROM debian:12\nENV DATA_DIR=/data\n",
      fixed: "FROM debian:12\nENV DATA_DIR=/data\n",
    },
    {
      bad: "FROM debian:12\nENV FLAGS -O2 -g\n",
      good: 'FROM debian:12\nENV FLAGS="-O2 -g"\n',
      fixed: 'FROM debian:12\nENV FLAGS="-O2 -g"\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      if (!isLegacyPair(instruction)) continue;
      const { keyword, body, words } = instruction;
      const [name, value] = words;
      if (name === undefined || value === undefined) continue;
      const at = { start: instruction.start, end: body.offset(body.text.length) };
      const text = file.text.slice(value.start, at.end);
      const quoted = quote(text, words.length === 2);
      report({
        at,
        message: `${keyword} ${name.raw} is in the old form without an equals sign`,
        ...(quoted !== undefined && {
          fix: {
            title: "write it with an equals sign",
            risk: "safe",
            edits: [{ start: name.end, end: at.end, text: `=${quoted}` }],
          },
        }),
      });
    }
  },
});

/** The value so that it means the same after an equals sign; undefined where that is not plain. */
function quote(text: string, single: boolean): string | undefined {
  // One word is read alike in both forms.
  if (single) return text;
  return /["'\\\n`]/.test(text) ? undefined : `"${text}"`;
}
