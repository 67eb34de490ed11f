import type { Range } from "../../dockerfile/text.ts";
import { isLegacyPair } from "../knowledge/variables.ts";
import { defineRule, type Edit } from "../rule.ts";

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
    const groups = new Map<string, Old[]>();
    for (const instruction of file.instructions) {
      if (!isLegacyPair(instruction)) continue;
      const { keyword, body, words, stage } = instruction;
      const [name, value] = words;
      if (name === undefined || value === undefined) continue;
      const end = body.offset(body.text.length);
      const quoted = quote(file.text.slice(value.start, end), words.length === 2);
      const old: Old = {
        at: { start: instruction.start, end },
        what: `${keyword} ${name.raw}`,
        edit: quoted === undefined ? undefined : { start: name.end, end, text: `=${quoted}` },
      };
      // Files that have one have dozens: one finding says it for a stage.
      const key = `${stage} ${keyword}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [old]);
      else group.push(old);
    }
    for (const [first, ...more] of groups.values()) {
      if (first === undefined) continue;
      const edits = [first, ...more].flatMap(({ edit }) => edit ?? []);
      const others = more.length === 0 ? " is" : ` and ${more.length} more in this stage are`;
      report({
        at: first.at,
        message: `${first.what}${others} in the old form without an equals sign`,
        ...(edits.length > 0 && { fix: { title: "write it with an equals sign", risk: "safe", edits } }),
      });
    }
  },
});

interface Old {
  at: Range;
  what: string;
  edit: Edit | undefined;
}

/** The value so that it means the same after an equals sign; undefined where that is not plain. */
function quote(text: string, single: boolean): string | undefined {
  // One word is read alike in both forms.
  if (single) return text;
  return /["'\\\n`]/.test(text) ? undefined : `"${text}"`;
}
