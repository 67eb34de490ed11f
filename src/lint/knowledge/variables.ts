import type { Instruction, Stage } from "../../dockerfile/document.ts";
import { expandWord } from "../../dockerfile/expand.ts";

/** ARGs that BuildKit defines before the first FROM; in a stage they must be named first. */
export const platformArgs: readonly string[] = ["BUILD", "TARGET"]
  .flatMap((side) => ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"].map((what) => side + what))
  .concat("TARGETSTAGE");

/** The variables of a word that are used and not in `known`; those with a default of their own (`${X:-1}`) are left out. */
export function unsetIn(
  word: string,
  known: ReadonlyMap<string, string | undefined>,
  escape: string,
): string[] {
  if (!word.includes("$")) return [];
  const unset = new Set<string>();
  const answered = new Set<string>();
  try {
    expandWord(
      word,
      (name) => known.get(name),
      escape,
      (name, hasAnswer) => {
        // `${X:+:$X}` uses X only where it is set.
        if (hasAnswer) answered.add(name);
        else if (!known.has(name) && /^[A-Za-z_]/.test(name)) unset.add(name);
      },
    );
  } catch {
    // A builder stops at the word, whatever is in it.
    return [];
  }
  return [...unset].filter((name) => !answered.has(name));
}

/** The image at the end of a stage's chain of FROM. */
export function rootImage(stage: Stage): string | undefined {
  let { base } = stage;
  while (base.kind === "stage") base = base.stage.base;
  return base.kind === "image" ? base.image : base.kind === "scratch" ? "scratch" : undefined;
}

/** What an image's own configuration sets besides PATH, by the image's name; only for those of which it is known. */
const imageVariables: readonly (readonly [image: RegExp, sets: RegExp])[] = [
  [/^(?:scratch|alpine|busybox|ubuntu|debian|centos|rockylinux|almalinux|amazonlinux|oraclelinux)$/, /^$/],
  [/^python$/, /^(?:LANG|GPG_KEY|PYTHON_\w+)$/],
  [/^nvidia\/cuda$/, /^(?:NV\w*|CUDA_\w+|NCCL_\w+|LD_LIBRARY_PATH|LIBRARY_PATH|LC_ALL)$/],
];

/** Whether an image sets a variable; undefined where that is not known. */
export function imageSets(image: string | undefined, variable: string): boolean | undefined {
  if (variable === "PATH") return true;
  if (image === undefined) return undefined;
  const name = image
    .replace(/@.*$/, "")
    .replace(/:[^/]*$/, "")
    .replace(/^(?:docker\.io\/)?(?:library\/)?/, "");
  const row = imageVariables.find(([pattern]) => pattern.test(name));
  return row === undefined ? undefined : row[1].test(variable);
}

/** The name among `names` that differs from `name` by fewest letters, at most two. */
export function closeName(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const one of names) {
    const changes = one === name || Math.abs(one.length - name.length) >= least ? 3 : distance(one, name);
    if (changes >= least) continue;
    least = changes;
    best = one;
  }
  return best;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let at = 0; at < a.length; at += 1) {
    const next = [at + 1];
    for (let end = 1; end <= b.length; end += 1) {
      const same = a.charAt(at) === b.charAt(end - 1) ? 0 : 1;
      next.push(Math.min((row[end - 1] ?? 0) + same, (row[end] ?? 0) + 1, (next[end - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `ENV A=1 B=2`, `ENV A 1`, `LABEL`, `ARG`: the names as written, each with the place of its word. */
export function namesOf(
  instruction: Instruction,
): { name: string; value: string | undefined; start: number; end: number }[] {
  const [first] = instruction.words;
  if (first === undefined) return [];
  if (isLegacyPair(instruction)) {
    const value = instruction.body.text.slice(first.raw.length).trim();
    return [{ name: first.raw, value, start: first.start, end: first.end }];
  }
  return instruction.words.map((word) => {
    const equals = word.raw.indexOf("=");
    const name = equals < 0 ? word.raw : word.raw.slice(0, equals);
    const value = equals < 0 ? undefined : word.raw.slice(equals + 1);
    return { name, value, start: word.start, end: word.end };
  });
}

/** Whether ENV or LABEL is written in its old form without `=`. */
export function isLegacyPair(instruction: Instruction): boolean {
  return /^(?:ENV|LABEL)$/.test(instruction.keyword) && instruction.words[0]?.raw.includes("=") === false;
}
