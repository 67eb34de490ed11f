import type { Answers, OutputFile } from "../answers.ts";

/** The first line of every manifest. */
const header = "# Written by ddiff init from ddiff.yaml; yours to change.";

/** A file below k8s/. */
export function manifest(path: string, lines: readonly string[]): OutputFile {
  return { path: `k8s/${path}`, text: `${[header, ...lines].join("\n")}\n` };
}

/** A name with an end (`serve`), as Kubernetes takes it: shorter than those of images, and without dots. */
export function nameOf(answers: Answers, end: string): string {
  const name = answers.name.replaceAll(/[^a-z0-9-]+/g, "-").slice(0, 62 - end.length);
  return `${name.replace(/^[^a-z]+/, "").replace(/-+$/, "") || "app"}-${end}`;
}

/** The image as the base calls it: the overlays put registry and tag in its place. */
export function placeholder(answers: Answers, purpose: "serve" | "train"): string {
  return `${answers.name}-${purpose}`;
}

/** A text as YAML has it: plain where that says the same, else in quotes. */
export function text(value: string): string {
  return /^[A-Za-z./_][A-Za-z0-9./_-]*(?::[A-Za-z0-9._-]+)*$/.test(value) &&
    !/^(?:true|false|null|yes|no|on|off|y|n|~)$/i.test(value)
    ? value
    : JSON.stringify(value);
}
