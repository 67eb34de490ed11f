import { posix } from "node:path";
import type { Instruction } from "../../dockerfile/document.ts";
import { allSources, isRemote, sourceCount } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

const archive = /\.(?:tar|gz|tgz|tpz|bz2|tbz2?|tb2|xz|txz|zst|tzst|lzma|tlz|tZ|Z|lz|taz)$/;
/** Names that no archive has: what ADD does with them is what COPY does. */
const plain =
  /^\.$|\/$|\.(?:py|sh|txt|md|json|ya?ml|toml|lock|cfg|ini|conf|env|js|ts|c|cc|cpp|h|hpp|cu|go|rs|r|R|ipynb|service|html|css|xml|pem|crt|key|list|patch|whl|deb|rpm)$/;

export const addForLocalFiles = defineRule({
  kind: "dockerfile",
  name: "add-for-local-files",
  group: "layers",
  severity: "info",
  aliases: ["DL3020", "DS-0005", "CKV_DOCKER_4", "CIS-DI-0009"],
  meaning: "ADD copies plain files, which COPY does.",
  why: "ADD looks into what it copies and unpacks it when it is a tar archive, whatever its name, and fetches URLs. COPY does only what it says, so that a file that becomes an archive one day does not change the image.",
  examples: [
    {
      bad: "FROM debian:12\nADD requirements.txt /app/\n",
      good: "FROM debian:12\nCOPY requirements.txt /app/\n",
      fixed: "FROM debian:12\nCOPY requirements.txt /app/\n",
    },
  ],
  check(file, report, context) {
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "ADD" || instruction.heredocs.length > 0) continue;
      const sources = allSources(file, instruction);
      if (sources.length === 0 || sources.length !== sourceCount(instruction)) continue;
      const other = sources.some(({ path }) => isRemote(path) || archive.test(path) || /[*?[]/.test(path));
      if (other || instruction.flags.some((flag) => !/^(?:chown|chmod|link|exclude)$/.test(flag.name)))
        continue;
      const isFolder = (path: string): boolean => {
        const clean = posix.normalize(path).replace(/^\/|\/$/g, "");
        return context.files?.some((one) => one.path.startsWith(`${clean}/`)) === true;
      };
      const safe = sources.every(({ path }) => plain.test(path) || isFolder(path));
      report({
        at: { start: instruction.start, end: instruction.body.offset(instruction.body.text.length) },
        message: `ADD copies ${sources.map(({ path }) => path).join(", ")} as COPY would`,
        fix: {
          title: "write COPY",
          risk: safe ? "safe" : "unsafe",
          edits: [{ ...instruction.keywordRange, text: copyLike(file.text, instruction) }],
        },
      });
    }
  },
});

function copyLike(text: string, instruction: Instruction): string {
  const written = text.slice(instruction.keywordRange.start, instruction.keywordRange.end);
  return written === written.toLowerCase() ? "copy" : "COPY";
}
