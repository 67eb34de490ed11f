import { posix } from "node:path";
import type { Dockerfile } from "../../dockerfile/document.ts";
import type { LintContext } from "../rule.ts";
import { copySources } from "./copies.ts";
import type { WantedPackage } from "./python-packages.ts";

/** A uv.lock of the build context. */
export interface UvLock {
  readonly path: string;
  readonly text: string;
}

/** The lock file that a Dockerfile copies, or that lies where its context starts; undefined where there is none or it is too large. */
export function lockOf(file: Dockerfile, context: LintContext): UvLock | undefined {
  const candidates = new Set(["uv.lock"]);
  for (const instruction of file.instructions) {
    for (const { path } of copySources(file, instruction)) {
      const clean = posix.normalize(path).replace(/^\.?\//, "");
      if (posix.basename(clean) === "uv.lock") candidates.add(clean);
    }
  }
  for (const path of [...candidates].reverse()) {
    const text = context.read(path);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

interface Locked {
  name: string;
  version: string;
  pypi: boolean;
  /** In the project itself: `editable`, `virtual`. */
  root: boolean;
  needs: string[];
}

/** The lock that was followed last: rules ask several times for the same one. */
let last: { text: string; packages: readonly WantedPackage[] } | undefined;

/**
 * What `uv sync` installs on Linux without extras and groups, by following the project's own dependencies. Packages of other indexes than
 * PyPI are left out, and those that have several versions for several cases.
 */
export function lockedPackages(lock: UvLock): readonly WantedPackage[] {
  if (last?.text !== lock.text) last = { text: lock.text, packages: follow(lock) };
  return last.packages;
}

function follow({ path, text }: UvLock): WantedPackage[] {
  const blocks = text
    .split(/^\[\[package\]\]\s*$/m)
    .slice(1)
    .map(readBlock);
  const byName = new Map<string, Locked[]>();
  for (const one of blocks) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  const seen = new Set<string>();
  const open = blocks.filter((one) => one.root).flatMap((one) => one.needs);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const one of byName.get(name) ?? []) open.push(...one.needs);
  }
  return [...seen].flatMap((name): WantedPackage[] => {
    const [one, ...more] = byName.get(name) ?? [];
    if (one === undefined || more.length > 0 || !one.pypi) return [];
    return [{ name, version: `==${one.version}`, file: path, request: undefined }];
  });
}

function readBlock(block: string): Locked {
  const field = (name: string): string => new RegExp(`^${name} = "([^"]*)"`, "m").exec(block)?.[1] ?? "";
  const source = /^source = \{([^}]*)\}/m.exec(block)?.[1] ?? "";
  const list = /^dependencies = \[([\s\S]*?)^\]/m.exec(block)?.[1] ?? "";
  const needs = list.split("\n").flatMap((line) => {
    const name = /name = "([^"]+)"/.exec(line)?.[1];
    const elsewhere = /sys_platform == '(?:darwin|win32)'|platform_machine == '(?:arm64|aarch64)'/.test(line);
    return name === undefined || elsewhere ? [] : [name];
  });
  return {
    name: field("name"),
    version: field("version"),
    pypi: source.includes("pypi.org"),
    root: /editable|virtual/.test(source),
    needs,
  };
}
