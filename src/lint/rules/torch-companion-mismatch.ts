import { findTorch, torchDefaults } from "../../catalog/torch.ts";
import { torchInstalls } from "../knowledge/torch-builds.ts";
import { defineRule, type Edit } from "../rule.ts";

export const torchCompanionMismatch = defineRule({
  kind: "dockerfile",
  name: "torch-companion-mismatch",
  group: "python",
  severity: "error",
  aliases: [],
  meaning: "torchvision or torchaudio is pinned to a version that belongs to another torch.",
  why: "Each torchvision and torchaudio is compiled for one torch and requires exactly that: pip ends with `ResolutionImpossible`, or, when they are installed one after the other, replaces torch by gigabytes of another version. torchvision 0.N goes with torch 2.(N-15), torchaudio has torch's own number up to 2.11.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.5.1 torchvision==0.19.1\n",
      good: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.5.1 torchvision==0.20.1\n",
      fixed: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.5.1 torchvision==0.20.1\n",
    },
    {
      bad: "FROM python:3.12-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
      good: "FROM python:3.12-slim\nRUN pip install torch==2.6.0 torchaudio==2.6.0\n",
      files: { "requirements.txt": "torch==2.6.0\ntorchaudio==2.5.1\n" },
    },
  ],
  check(file, report, context) {
    for (const { asked, version, wanted, install } of torchInstalls(file, context)) {
      if (asked.name !== "torch" || version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) continue;
      const release = findTorch(version);
      const right = torchDefaults(version);
      if (release === undefined || right === undefined || !release.points.includes(version)) continue;
      for (const { name, version: written, request, file: from } of wanted) {
        const expected =
          name === "torchvision" ? right.torchvision : name === "torchaudio" ? right.torchaudio : undefined;
        const pinned = /^={2,3}\s*(\d+\.\d+\.\d+)(?:\+\w+)?$/.exec(written.trim())?.[1];
        if (expected === undefined || pinned === undefined || pinned === expected) continue;
        // torch 2.0.0 goes with torchaudio 2.0.1, and point releases of companions may be more than torch's own.
        if (name === "torchaudio" && version.startsWith("2.0.") && pinned.startsWith("2.0.")) continue;
        const word = request?.word;
        const at = word === undefined ? -1 : word.raw.indexOf(pinned);
        const plain = word !== undefined && at >= 0 && word.end - word.start === word.raw.length;
        const edit: Edit | undefined = plain
          ? { start: word.start + at, end: word.start + at + pinned.length, text: expected }
          : undefined;
        const where = from === undefined ? "" : ` (${from})`;
        report({
          at: word ?? install.command,
          message: `${name} ${pinned}${where} was compiled for another torch than ${version}, with which ${expected} goes`,
          ...(edit !== undefined && {
            fix: { title: `take ${name} ${expected}`, risk: "unsafe", edits: [edit] },
          }),
        });
      }
    }
  },
});
