import { readDockerfile } from "../dockerfile/read.ts";
import type { Dockerfile, Instruction, Stage } from "../dockerfile/document.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Step } from "./analysis.ts";

/** A Dockerfile that the image was built with, and how the user named it. */
export interface NamedDockerfile {
  file: string;
  text: string;
}

/**
 * The step of each layer, bottom first. Histories that say less, or more, than the layers are aligned with the top layer, for what
 * is missing as a rule is a base image's. With a Dockerfile the steps of its last stage, and of the stages this one stands on, get
 * their lines, as far as history and Dockerfile tell the same.
 */
export function stepsOf(
  history: ImageConfig["history"],
  layers: number,
  dockerfile?: NamedDockerfile,
): Step[] {
  const texts = history.map(({ createdBy, emptyLayer }) => ({
    text: plainStep(createdBy ?? ""),
    emptyLayer,
  }));
  const lines =
    dockerfile === undefined ? new Map<number, number>() : matchLines(texts, readDockerfile(dockerfile.text));
  const steps = texts.flatMap(({ text, emptyLayer }, i): Step[] => {
    const line = lines.get(i);
    if (emptyLayer) return [];
    return [
      line === undefined || dockerfile === undefined ? { text } : { text, line, file: dockerfile.file },
    ];
  });
  const missing = layers - steps.length;
  if (missing <= 0) return steps.slice(-missing);
  return [...Array.from({ length: missing }, () => ({ text: "" })), ...steps];
}

/** A step without what builders put around it: `/bin/sh -c #(nop)`, `RUN |2 A=1 B=2 /bin/sh -c …`, `# buildkit`, `FROM 1234…`. */
export function plainStep(createdBy: string): string {
  const trimmed = createdBy.trim();
  const text = (trimmed.endsWith(" # buildkit") ? trimmed.slice(0, -" # buildkit".length) : trimmed)
    .replace(/ FROM (?:sha256:)?[0-9a-f]{6,64}$/, "")
    .trim();
  const quiet = /^\/bin\/sh -c #\(nop\)\s+(.*)$/s.exec(text)?.[1];
  if (quiet !== undefined) return quiet.trim();
  const run = /^(?:RUN )?\|\d+ (.*)$/s.exec(text)?.[1];
  if (run !== undefined) {
    const command = /(?:^| )\/bin\/(?:sh|bash)(?: -o pipefail)? -\w*c (.*)$/s.exec(run)?.[1];
    return `RUN ${(command ?? run).trim()}`;
  }
  return text.replace(/^(?:RUN )?\/bin\/(?:sh|bash)(?: -o pipefail)? -\w*c /, "RUN ");
}

/** A history entry or an instruction in the words that both have in common. */
interface Spoken {
  keyword: string;
  /** Of RUN: the command in one line; of COPY and ADD: the target; of all others "". */
  said: readonly string[];
  weight: number;
}

/** More steps than any builder writes; an image may claim what it likes. */
const mostSteps = 1000;
/** Steps that make layers count more than settings, which builders add and leave out. */
const layerWeight = 100;

/** Line of the Dockerfile by index in the history: the longest common sequence, the later where several are as long. */
function matchLines(
  history: readonly { text: string; emptyLayer: boolean }[],
  dockerfile: Dockerfile,
): Map<number, number> {
  const first = Math.max(0, history.length - mostSteps);
  const told = history
    .slice(first)
    .map(({ text, emptyLayer }) => spokenStep(text, emptyLayer ? 1 : layerWeight));
  const instructions = shippedInstructions(dockerfile).slice(-mostSteps);
  const written = instructions.map(spokenInstruction);
  const width = written.length + 1;
  const best = new Uint32Array((told.length + 1) * width);
  const matched = (i: number, j: number): number => {
    const step = told[i - 1] as Spoken;
    return isSame(step, written[j - 1] as Spoken) ? (best[(i - 1) * width + j - 1] ?? 0) + step.weight : 0;
  };
  for (let i = 1; i <= told.length; i++) {
    for (let j = 1; j < width; j++) {
      const skipped = Math.max(best[(i - 1) * width + j] ?? 0, best[i * width + j - 1] ?? 0);
      best[i * width + j] = Math.max(skipped, matched(i, j));
    }
  }
  const lines = new Map<number, number>();
  for (let i = told.length, j = written.length; i > 0 && j > 0; ) {
    const here = best[i * width + j] ?? 0;
    if (here > 0 && matched(i, j) === here) {
      lines.set(first + i - 1, (instructions[j - 1] as Instruction).line);
      i--;
      j--;
    } else if (best[i * width + j - 1] === here) j--;
    else i--;
  }
  return lines;
}

/** What makes the image: the last stage after the stages that it stands on. */
function shippedInstructions({ stages }: Dockerfile): Instruction[] {
  const chain: Stage[] = [];
  for (let stage = stages.at(-1); stage !== undefined; ) {
    chain.unshift(stage);
    stage = stage.base.kind === "stage" ? stage.base.stage : undefined;
  }
  return chain.flatMap(({ instructions }) => instructions.slice(1));
}

function spokenStep(text: string, weight: number): Spoken {
  const keyword = /^\S*/.exec(text)?.[0].toUpperCase() ?? "";
  const rest = text.slice(keyword.length);
  if (keyword === "RUN") return { keyword, said: [inOneLine(rest)], weight };
  return { keyword, said: isCopy(keyword) ? [lastName(rest)] : [], weight };
}

function spokenInstruction({ keyword, json, body, heredocs, words }: Instruction): Spoken {
  if (isCopy(keyword)) {
    const target = json?.at(-1)?.value ?? words.at(-1)?.raw ?? "";
    return {
      keyword,
      said: heredocs.length > 0 || target.includes("$") ? [] : [lastName(target)],
      weight: 0,
    };
  }
  if (keyword !== "RUN") return { keyword, said: [], weight: 0 };
  if (heredocs.length > 0)
    return {
      keyword,
      said: [body.text.split("\n")[0] ?? "", ...heredocs.map(({ content }) => content)].map(inOneLine),
      weight: 0,
    };
  return { keyword, said: [inOneLine(json?.map(({ value }) => value).join(" ") ?? body.text)], weight: 0 };
}

function isCopy(keyword: string): boolean {
  return keyword === "COPY" || keyword === "ADD";
}

/** Whether a step of the history is this instruction. Of COPY and ADD builders keep little more than the target. */
function isSame(step: Spoken, instruction: Spoken): boolean {
  if (step.keyword !== instruction.keyword) return false;
  const [told = ""] = step.said;
  if (step.keyword !== "RUN") return instruction.said.length === 0 || told === instruction.said[0];
  // A shell that the Dockerfile set stands in front of the command.
  return instruction.said.some(
    (one) => told === one || told.endsWith(` ${one}`) || told.startsWith(`${one} `),
  );
}

/** `in /app/` and `"/app"]` are `app`. */
function lastName(text: string): string {
  const last = /([^\s"]+)["\]\s]*$/.exec(text.slice(-512))?.[1] ?? "";
  return last.replace(/^\.?\/+|\/+$/g, "");
}

/** Blanks and continuation marks do not count, nor do flags that only BuildKit reads. */
function inOneLine(text: string): string {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\s+/)
    .filter((word) => word !== "" && word !== "\\")
    .join(" ");
}
