import { labelsOf } from "../knowledge/labels.ts";
import { defineRule, type LabelKind } from "../rule.ts";

const shapes: Readonly<Record<LabelKind, { pattern: RegExp; what: string }>> = {
  text: { pattern: /\S/, what: "a text" },
  url: { pattern: /^[a-z][a-z\d+.-]*:\/\/[^\s/?#]+\S*$/i, what: "an address such as https://lab.example" },
  semver: {
    pattern: /^v?\d+\.\d+\.\d+(?:-[\da-z-]+(?:\.[\da-z-]+)*)?(?:\+[\da-z.-]+)?$/i,
    what: "a version such as 1.2.3",
  },
  hash: {
    pattern: /^(?:[\da-f]{7}|[\da-f]{40}|[\da-f]{64})$/i,
    what: "a commit of 7, 40 or 64 hexadecimal digits",
  },
  rfc3339: {
    pattern:
      /^\d{4}-(?:0\d|1[0-2])-[0-3]\d[Tt ][0-2]\d:[0-5]\d:[0-6]\d(?:\.\d+)?(?:[Zz]|[+-][0-2]\d:[0-5]\d)$/,
    what: "a time such as 2026-11-21T10:00:00Z",
  },
  // The names of the list all look like that; the whole list of 700 changes four times a year.
  spdx: {
    pattern:
      /^(?:MIT|ISC|Zlib|Unlicense|PSF|Beerware|NCSA|X11|[A-Za-z][\w.]*(?:-[\w.+]+)*-(?:\d[\w.+-]*|Clause[\w-]*))(?:(?: (?:OR|AND|WITH) )[\w.+-]+)*$/,
    what: "a licence as SPDX names it, such as Apache-2.0",
  },
  email: { pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/, what: "a mail address" },
};

export const labelValue = defineRule({
  kind: "dockerfile",
  name: "label-value",
  group: "labels",
  severity: "warning",
  aliases: ["DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058"],
  meaning: "A label's value is empty or not what the configuration says it must be.",
  why: "It is silent until `.ddiff.yaml` names `labels` with what their values are: text, url, semver, hash, rfc3339, spdx or email. Values with variables are left alone.",
  examples: [
    {
      bad: "FROM debian:12\nLABEL org.opencontainers.image.version=newest\n",
      good: "FROM debian:12\nLABEL org.opencontainers.image.version=1.4.0\n",
      options: { labels: new Map([["org.opencontainers.image.version", "semver"]]) },
    },
  ],
  check(file, report, { options }) {
    const { labels } = options;
    if (labels === undefined) return;
    for (const instruction of file.instructions) {
      for (const { name, value, at } of labelsOf(file, instruction)) {
        const kind = labels.get(name);
        if (kind === undefined || value.includes("$")) continue;
        if (!shapes[kind].pattern.test(value))
          report({
            at,
            message:
              value === "" ? `the label ${name} is empty` : `the label ${name} is not ${shapes[kind].what}`,
          });
      }
    }
  },
});
