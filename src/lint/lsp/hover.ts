import { type Hover, MarkupKind } from "vscode-languageserver/node";
import { answer } from "../../catalog/answers.ts";
import { describeBase } from "../../catalog/base-images.ts";
import type { Dockerfile } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import type { Document } from "../kinds.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import type { CheckedOpen } from "./checker.ts";

type Facts = readonly (readonly [string, string])[];

/** What can be said about a place in a file (an offset in its text): what rules found there and why, and what the catalogue has on the word. */
export function hoverAt(checked: CheckedOpen, offset: number, markdown: boolean): Hover | undefined {
  const ink = markdown ? inMarkdown : inPlainText;
  const found = checked.findings.filter(
    ({ at }) => at.start <= offset && offset < Math.max(at.end, at.start + 1),
  );
  const parts = found.map(({ rule, message, severity }) =>
    [
      `${ink.strong(rule.name)} (${severity}): ${ink.text(message)}`,
      ink.ours(rule.meaning),
      ink.ours(rule.why),
    ].join("\n\n"),
  );
  const word = wordAt(checked.read(checked.text, checked.file.kind), offset);
  if (word !== undefined) parts.push(word.facts.map(([what, value]) => ink.fact(what, value)).join("\n"));
  if (parts.length === 0) return undefined;
  const value = parts.join(markdown ? "\n\n---\n\n" : "\n\n");
  const range = word?.at ?? smallest(found.map((one) => one.at));
  return {
    contents: { kind: markdown ? MarkupKind.Markdown : MarkupKind.PlainText, value },
    ...(range === undefined ? {} : { range: checked.place(range) }),
  };
}

function smallest(ranges: readonly Range[]): Range | undefined {
  return [...ranges].sort((a, b) => a.end - a.start - (b.end - b.start))[0];
}

function wordAt(document: Document, offset: number): { at: Range; facts: Facts } | undefined {
  const holds = (range: Range | undefined): range is Range =>
    range !== undefined && range.start <= offset && offset <= range.end;
  const about = (at: Range, facts: Facts | undefined): { at: Range; facts: Facts } | undefined =>
    facts === undefined || facts.length === 0 ? undefined : { at, facts };
  if (document.kind === "compose") {
    for (const service of document.services) {
      const at = service.place("image")?.value;
      const image = service.get("image");
      if (holds(at) && typeof image === "string") return about(at, imageFacts(image));
    }
  }
  if (document.kind !== "dockerfile") return undefined;
  for (const { base, image } of document.stages)
    if (holds(image)) return base.kind === "image" ? about(image, imageFacts(base.image)) : undefined;
  const instruction = document.instructions.find(holds);
  const from = instruction?.flags.find((flag) => flag.name === "from" && holds(flag));
  if (from?.value !== undefined && !isStage(document, from.value)) return about(from, imageFacts(from.value));
  if (instruction === undefined) return undefined;
  for (const { packages } of packageCommandsOf(document, [instruction]))
    for (const { name, version, word } of packages)
      if (holds(word) && (name === "torch" || name === "pytorch")) return about(word, torchFacts(version));
  return undefined;
}

function isStage(file: Dockerfile, name: string): boolean {
  return /^\d+$/.test(name) || file.stages.some((stage) => stage.name === name.toLowerCase());
}

function imageFacts(image: string): Facts | undefined {
  const own = factsOf("image", image);
  const cuda = describeBase(image)?.cuda?.version;
  if (own === undefined || cuda === undefined) return own;
  const wanted = factsOf("cuda", cuda)?.filter(([what]) => what === "CUDA" || what === "driver needed") ?? [];
  return [...own, ...wanted];
}

/** `==2.5.1`, `=2.5.1=py3.11_cuda12.4`: the first number counts, unless it is only a limit. */
function torchFacts(version: string): Facts | undefined {
  const exact = /^(?:===?|=|~=)\s*(\d[\w.+]*)/.exec(version)?.[1];
  return exact === undefined ? undefined : factsOf("torch", exact.replace(/\.\*?$/, ""));
}

function factsOf(topic: string, text: string): Facts | undefined {
  const answered = answer(topic, text);
  return answered?.found === true ? answered.facts.filter(([, value]) => value !== "") : undefined;
}

interface Ink {
  strong(text: string): string;
  /** What comes from the file: none of it is markup. */
  text(text: string): string;
  /** What a rule says of itself. */
  ours(text: string): string;
  fact(what: string, value: string): string;
}

const inPlainText: Ink = {
  strong: (text) => text,
  text: (text) => text,
  ours: (text) => text.replaceAll("`", ""),
  fact: (what, value) => `${what}: ${value}`,
};

const inMarkdown: Ink = {
  strong: (text) => `**${text}**`,
  text: escapeMarkdown,
  ours: (text) => text,
  fact: (what, value) => `- ${what}: ${escapeMarkdown(value)}`,
};

function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>()#!|~&]/g, "\\$&").replaceAll(/\s+/g, " ");
}
