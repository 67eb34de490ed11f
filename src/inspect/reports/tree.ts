import type { Ink } from "../../report/ink.ts";
import { printableLine } from "../../report/text.ts";
import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { FileReport } from "../analysis.ts";

/** A folder or file with all that is in it. */
interface Node {
  name: string;
  bytes: number;
  children: Map<string, Node>;
}

/** What is smaller than this part of the image is not drawn on its own. */
const smallest = 0.01;
/** A child with this part of its folder is drawn in one line with it. */
const filled = 0.99;
const deepest = 6;
/** Lines; a tree that is longer tells less. */
const mostLines = 60;

/** The largest folders and files as a tree, a folder that one child fills in one line with it. */
export function folderTree(files: readonly FileReport[], ink: Ink): string {
  const root: Node = { name: "/", bytes: 0, children: new Map() };
  for (const file of files) add(root, file);
  const floor = Math.max(root.bytes * smallest, nthLargest(root, mostLines));
  const lines: { bytes: number; text: string }[] = [{ bytes: root.bytes, text: "/" }];
  const draw = (node: Node, indent: string, depth: number): void => {
    const children = [...node.children.values()].sort((one, other) => other.bytes - one.bytes);
    const shown = depth < deepest ? children.filter((child) => child.bytes > 0 && child.bytes >= floor) : [];
    const rest = children.length - shown.length;
    const left = node.bytes - shown.reduce((sum, child) => sum + child.bytes, 0);
    const drawRest = shown.length > 0 && left >= floor;
    for (const [i, child] of shown.entries()) {
      const last = i === shown.length - 1 && !drawRest;
      const [end, name] = chain(child);
      lines.push({ bytes: child.bytes, text: `${indent}${last ? "└─ " : "├─ "}${printableLine(name)}` });
      draw(end, `${indent}${last ? "   " : "│  "}`, depth + 1);
    }
    if (drawRest)
      lines.push({ bytes: left, text: `${indent}└─ ${ink.paint("dim", plural(rest, "smaller one"))}` });
  };
  draw(root, "", 0);
  const width = Math.max(...lines.map((line) => formatBytes(line.bytes).length));
  return lines.map((line) => `  ${formatBytes(line.bytes).padStart(width)}  ${line.text}`).join("\n");
}

function add(root: Node, { path, bytes }: FileReport): void {
  root.bytes += bytes;
  let node = root;
  for (const name of path.split("/")) {
    let child = node.children.get(name);
    if (child === undefined) node.children.set(name, (child = { name, bytes: 0, children: new Map() }));
    child.bytes += bytes;
    node = child;
  }
}

/** Follows folders that one child fills: where the chain ends, and its name. */
function chain(node: Node): [end: Node, name: string] {
  let end = node;
  let { name } = node;
  for (;;) {
    const floor = end.bytes * filled;
    const child = [...end.children.values()].find((one) => end.children.size === 1 || one.bytes >= floor);
    if (child === undefined) break;
    end = child;
    name += `/${child.name}`;
  }
  return [end, end.children.size > 0 ? `${name}/` : name];
}

/** Bytes of the nth largest node. */
function nthLargest(root: Node, n: number): number {
  const sizes: number[] = [];
  const walk = (node: Node): void => {
    for (const child of node.children.values()) {
      sizes.push(child.bytes);
      walk(child);
    }
  };
  walk(root);
  return sizes.sort((one, other) => other - one)[n - 1] ?? 0;
}
