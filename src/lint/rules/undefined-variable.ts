import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import { closeName, imageSets, isLegacyPair, namesOf, rootImage, unsetIn } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const undefinedVariable = defineRule({
  kind: "dockerfile",
  name: "undefined-variable",
  group: "syntax",
  severity: "warning",
  aliases: ["UndefinedVar"],
  meaning: "An instruction uses a variable that neither the stage nor its base sets.",
  why: "Builders put nothing in its place and go on: `COPY $SRC /app` copies the whole context. ARGs before the first FROM hold in a stage only when it names them again, and `PYTHONPATH=/app:$PYTHONPATH` without a value ends in a colon, which puts the current folder on the path. On a base of which the variables are not known, only misspelt names and ARGs of other places are reported.",
  examples: [
    {
      bad: "ARG MODEL_DIR=/models\nFROM debian:12\nWORKDIR $MODEL_DIR\n",
      good: "ARG MODEL_DIR=/models\nFROM debian:12\nARG MODEL_DIR\nWORKDIR $MODEL_DIR\n",
    },
    {
      bad: "FROM debian:12\nENV DATA_DIR=/data\nWORKDIR $DATADIR\n",
      good: "FROM debian:12\nENV DATA_DIR=/data\nWORKDIR $DATA_DIR\n",
    },
  ],
  check(file, report) {
    if (!file.text.includes("$")) return;
    let args: ReadonlySet<string> | undefined;
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        const { variables } = file.before(instruction);
        for (const { text, at, escape } of expandedWords(file, instruction)) {
          for (const name of unsetIn(text, variables, escape)) {
            if (imageSets("scratch", name) === true) continue;
            const close = closeName(name, [...variables.keys(), "PATH"]);
            args ??= argNames(file);
            if (!isSureIn(stage, name, args, close)) continue;
            const meant = close === undefined ? "" : ` (${close}?)`;
            const where = file.globals.has(name) ? ", which is set before the first FROM only," : "";
            report({ at, message: `$${name}${meant}${where} has no value in this stage` });
          }
        }
      }
    }
  },
});

function isSureIn(stage: Stage, name: string, args: ReadonlySet<string>, close: string | undefined): boolean {
  const set = imageSets(rootImage(stage), name);
  return set === undefined ? args.has(name) || (close !== undefined && name.length > 4) : !set;
}

function argNames(file: Dockerfile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const instruction of file.instructions)
    if (instruction.keyword === "ARG") for (const { name } of namesOf(instruction)) names.add(name);
  return names;
}

interface Expanded {
  text: string;
  at: Range;
  escape: string;
}

/** The words of an instruction in which a builder replaces variables. */
function expandedWords(file: Dockerfile, instruction: Instruction): Expanded[] {
  const { escape } = file;
  const { keyword, words, body, flags } = instruction;
  const all = (): Expanded[] => words.map((word) => ({ text: word.raw, at: word, escape }));
  switch (keyword) {
    case "ENV":
    case "LABEL":
      if (isLegacyPair(instruction))
        return [
          { text: body.text, at: { start: body.offset(0), end: body.offset(body.text.length) }, escape },
        ];
      return all();
    case "VOLUME":
    case "STOPSIGNAL":
    case "USER":
    case "WORKDIR":
      return all();
    case "ARG":
      return all().filter((word) => word.text.includes("="));
    case "RUN":
      return flags.flatMap((flag) =>
        flag.name === "mount" && flag.value !== undefined ? [{ text: flag.value, at: flag, escape }] : [],
      );
    case "COPY":
    case "ADD": {
      const options = flags.flatMap((flag) =>
        /^(?:chown|chmod|checksum)$/.test(flag.name) && flag.value !== undefined
          ? [{ text: flag.value, at: flag, escape }]
          : [],
      );
      // Quotes in a heredoc are text: they must not keep variables from being seen.
      const documents = instruction.heredocs.flatMap((heredoc) =>
        heredoc.expands
          ? [{ text: heredoc.content.replace(/["']/g, " "), at: heredoc.opener, escape: "\\" }]
          : [],
      );
      return [...options, ...all(), ...documents];
    }
    default:
      return [];
  }
}
