import { isMap, isScalar } from "yaml";
import { removeEntry } from "../knowledge/compose-edits.ts";
import { defineRule } from "../rule.ts";

export const composeVersionField = defineRule({
  kind: "compose",
  name: "compose-version-field",
  group: "compose",
  severity: "info",
  aliases: ["no-version-field"],
  meaning: "The file has a top-level `version`, which Compose ignores.",
  why: "Since Compose 2 the field chooses nothing, and each command warns that it is obsolete. Keep it only for docker-compose 1, which has been without updates since 2023.",
  examples: [
    {
      bad: 'version: "3.8"\nservices:\n  web:\n    image: nginx:1.27\n',
      good: "services:\n  web:\n    image: nginx:1.27\n",
      fixed: "services:\n  web:\n    image: nginx:1.27\n",
    },
  ],
  check(file, report) {
    const { contents } = file.document;
    if (!isMap(contents) || file.services.length === 0) return;
    for (const { key, value } of contents.items) {
      if (!isScalar(key) || key.value !== "version" || !isScalar(value)) continue;
      if (!key.range || !value.range) continue;
      const place = {
        key: { start: key.range[0], end: key.range[1] },
        value: { start: value.range[0], end: value.range[1] },
        own: true,
      };
      const edit = removeEntry(file, place);
      report({
        at: { start: key.range[0], end: value.range[1] },
        message: "Compose ignores version and warns of it at each command",
        ...(edit === undefined
          ? {}
          : { fix: { title: "remove version", risk: "safe" as const, edits: [edit] } }),
      });
    }
  },
});
