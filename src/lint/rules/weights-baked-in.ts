import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { excludeEachOther, type ShellCommand } from "../../dockerfile/shell.ts";
import type { Range } from "../../dockerfile/text.ts";
import { formatBytes } from "../../util/bytes.ts";
import { filesWithin } from "../knowledge/context-files.ts";
import { copySources, isRemote, allSources } from "../knowledge/copies.ts";
import { downloadsOf } from "../knowledge/downloads.ts";
import { mountsOf } from "../knowledge/mounts.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule, type LintContext } from "../rule.ts";

const weights =
  /\.(?:pt|pth|ckpt|safetensors|onnx|gguf|ggml|engine|tflite|h5|pdparams|caffemodel|mlmodel)(?:$|[?#])/i;
/** Calls that fetch a model. */
const fetches =
  /\b(?:snapshot_download|hf_hub_download|from_pretrained|torch\.hub\.load|SentenceTransformer|WhisperModel|whisper\.load_model|load_model|CrossEncoder|easyocr\.Reader|YOLO)\s*\(\s*(?:(?:repo_id|model\w*)\s*=\s*)?(?:['"]([\w./:-]+)['"])?/;
/** Below this it is a sample, not a model. */
const worthIt = 20_000_000;

export const weightsBakedIn = defineRule({
  kind: "dockerfile",
  name: "weights-baked-in",
  group: "layers",
  severity: "info",
  aliases: [],
  meaning: "Weights of a model are stored in the image.",
  why: "They are pushed, pulled and kept with each version of the image, on each node, though they change at their own pace; a rebuild of anything before them stores them again. Mount them, fetch them at the start into a volume, or keep them in an image of their own that others copy from with `COPY --link --from`. Where nodes must start without a network, baking them in is right: ignore the rule there, and put them before the code.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN hf download openai/whisper-large-v3 --local-dir /models\n",
      good: 'FROM python:3.12-slim\nVOLUME /models\nCMD ["python", "serve.py", "--models", "/models"]\n',
    },
    {
      bad: "FROM python:3.12\nRUN python -c \"from transformers import pipeline, AutoModel; AutoModel.from_pretrained('org/model')\"\n",
      good: "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/huggingface python -c \"from transformers import AutoModel; AutoModel.from_pretrained('org/model')\"\n",
    },
  ],
  check(file, report, context) {
    const shipped = shippedStages(file);
    for (const stage of shipped) {
      const fetches: Fetch[] = [];
      for (const instruction of stage.instructions) {
        if (instruction.keyword === "RUN") fetches.push(...fetched(file, instruction));
        fetches.push(...added(file, instruction));
        for (const { at, message, bytes } of copiedWeights(file, instruction, context))
          report({ at, message, waste: bytes });
      }
      const [first] = fetches;
      if (first === undefined) continue;
      // Of the branches of an `if` only one runs.
      const size = fetches.filter(({ command }) => !isOtherBranch(first.command, command)).length;
      const more = size > 1 ? ` and ${size - 1} more` : "";
      report({ at: first.at, message: stored(`${first.what}${more}`, size) });
    }
  },
});

interface Fetch {
  at: Range;
  what: string;
  /** Of a RUN. */
  command: ShellCommand | undefined;
}

function isOtherBranch(first: ShellCommand | undefined, other: ShellCommand | undefined): boolean {
  return first !== undefined && other !== undefined && excludeEachOther(first, other);
}

function stored(what: string, count: number): string {
  return `${what} ${count > 1 ? "are stored in the image, and travel" : "is stored in the image, and travels"} with each version of it`;
}

function fetched(file: Dockerfile, instruction: Instruction): Fetch[] {
  // Whatever is mounted, it may be the folder that the model goes to.
  const mounted = mountsOf(file, instruction).some(
    ({ type, target }) => type !== "secret" && type !== "ssh" && !/pip|uv|apt/.test(target ?? ""),
  );
  if (mounted) return [];
  // Where an address tells less than the file that it becomes.
  const written = new Map(
    downloadsOf(file).flatMap(({ command, url, name }) =>
      isWeights(url.value) && weights.test(name) ? [[command, name]] : [],
    ),
  );
  return readShell(file, instruction).flatMap((script) =>
    script.commands.flatMap((command) => {
      const what = written.get(command) ?? model(command);
      return what === undefined ? [] : [{ at: command, what, command }];
    }),
  );
}

/** Weights that ADD fetches. */
function added(file: Dockerfile, instruction: Instruction): Fetch[] {
  if (instruction.keyword !== "ADD") return [];
  return allSources(file, instruction).flatMap(({ path, at }) =>
    isRemote(path) && weights.test(path) ? [{ at, what: lastPart(path), command: undefined }] : [],
  );
}

function lastPart(url: string): string {
  return (
    url
      .replace(/[?#].*$/, "")
      .split("/")
      .at(-1) ?? url
  );
}

/** Whether an address is that of weights, and of more than a sample. */
function isWeights(url: string): boolean {
  return isRemote(url) && weights.test(url) && !/embed|sample|test|tiny/i.test(lastPart(url));
}

/** The model that a command fetches. */
function model(command: ShellCommand): string | undefined {
  const { name, args } = command;
  const plain = args.filter((word) => !word.value.startsWith("-"));
  if (name === "hf" || name === "huggingface-cli") {
    if (plain[0]?.value !== "download" || args.some((word) => word.value === "dataset")) return undefined;
    return plain[1]?.value ?? "a model";
  }
  if (name === "git") {
    const url = plain.find((word) => /huggingface\.co\/(?!datasets|spaces)/.test(word.value));
    return plain.some((word) => word.value === "clone") ? url?.value : undefined;
  }
  if (name === "ollama" && plain[0]?.value === "pull") return plain[1]?.value;
  if (name === "curl" || name === "wget" || name === "aria2c") {
    const url = args.find(({ value }) => isWeights(value));
    return url === undefined ? undefined : lastPart(url.value);
  }
  if (/^python[\d.]*$/.test(name)) {
    const at = args.findIndex((word) => word.value === "-c");
    const code = at < 0 ? undefined : args[at + 1]?.value;
    const match = code === undefined ? null : fetches.exec(code);
    return match === null ? undefined : (match[1] ?? "a model");
  }
  return undefined;
}

function copiedWeights(
  file: Dockerfile,
  instruction: Instruction,
  context: LintContext,
): { at: Range; message: string; bytes: number }[] {
  if (instruction.keyword !== "COPY" && instruction.keyword !== "ADD") return [];
  return copySources(file, instruction).flatMap(({ path, at }) => {
    const clean = path.replace(/^(?:\.?\/)+|\/+$/g, "");
    if (/[*?[]/.test(clean)) return [];
    const inside = filesWithin(context.files ?? [], clean).filter(
      (one) => weights.test(one.path) && context.ignore?.ignores(one.path) !== true,
    );
    const bytes = inside.reduce((sum, one) => sum + one.size, 0);
    const [largest] = inside.toSorted((a, b) => b.size - a.size);
    if (largest === undefined || bytes < worthIt) return [];
    const more = inside.length > 1 ? ` and ${inside.length - 1} more` : "";
    return [
      {
        at,
        message: stored(`${largest.path}${more} (${formatBytes(bytes)})`, inside.length),
        bytes,
      },
    ];
  });
}
