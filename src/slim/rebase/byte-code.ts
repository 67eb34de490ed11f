import type { Field } from "./differences.ts";
import type { ExactEntry } from "./exact-layer.ts";
import type { FileNode, ImageFiles } from "./image-files.ts";

/** A file of the image and the one that the base has at its path. */
interface Twins {
  path: string;
  entry: ExactEntry;
  base: ExactEntry;
  fields: readonly Field[];
}

/**
 * Of paths whose file may get the base's time, those that can have it without making Python compile a source at each start, and the byte code that then
 * has to come from the base too: it is the same but for the time of its source that it names (PEP 552). A source all of whose byte code cannot agree
 * with it keeps its own time.
 */
export function agreeingByteCode(
  twins: readonly Twins[],
  late: ReadonlySet<string>,
  image: ImageFiles,
): Set<string> {
  const agreed = new Set(late);
  const byPath = new Map(twins.map((one) => [one.path, one]));
  for (const path of late) {
    const source = byPath.get(path);
    if (source === undefined || !path.endsWith(".py")) continue;
    const codes = byteCodeOf(path, image.root).filter(({ entry }) => namesTime(entry, source.entry));
    if (codes.every((code) => isSameButForSource(byPath.get(code.path), source)))
      for (const code of codes) agreed.add(code.path);
    else agreed.delete(path);
  }
  return agreed;
}

/** Byte code of a source file, beside it and in `__pycache__`. */
function byteCodeOf(source: string, root: FileNode): { path: string; entry: ExactEntry }[] {
  const at = source.lastIndexOf("/") + 1;
  const folder = source.slice(0, at);
  const name = source.slice(at, -".py".length);
  let node: FileNode | undefined = root;
  for (const part of folder.split("/").filter((one) => one !== "")) node = node?.children.get(part);
  const found: { path: string; entry: ExactEntry }[] = [];
  for (const [file, { entry }] of node?.children.get("__pycache__")?.children ?? []) {
    if (entry !== undefined && file.startsWith(`${name}.`) && isCompiled.test(file.slice(name.length)))
      found.push({ path: `${folder}__pycache__/${file}`, entry });
  }
  const beside = node?.children.get(`${name}.pyc`)?.entry;
  if (beside !== undefined) found.push({ path: `${folder}${name}.pyc`, entry: beside });
  return found;
}

const isCompiled = /^\.[^./]+(?:\.opt-[12])?\.pyc$/;

/** Whether byte code holds, and only while its source has the time that it has. */
function namesTime({ code }: ExactEntry, source: ExactEntry): boolean {
  if (code === undefined) return false;
  const head = Buffer.from(code.head, "hex");
  return (
    head.readUInt32LE(4) === 0 && head.readUInt32LE(8) === ((source.mtime % 2 ** 32) + 2 ** 32) % 2 ** 32
  );
}

/** Whether two files of byte code differ in nothing but their times and those of their sources. */
function isSameButForSource(twins: Twins | undefined, source: Twins): boolean {
  if (twins === undefined || twins.fields.some((field) => field !== "content" && field !== "time"))
    return false;
  const [one, other] = [twins.entry.code, twins.base.code];
  if (one === undefined || other === undefined || one.rest !== other.rest) return false;
  return withoutTime(one.head) === withoutTime(other.head) && namesTime(twins.base, source.base);
}

function withoutTime(head: string): string {
  return head.slice(0, 16) + head.slice(24);
}
