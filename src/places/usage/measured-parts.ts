import { type LinkedFile, measureFolder } from "./measure-folder.ts";
import type { Part } from "./usage.ts";

/** The parts of a place whose files lie here: each is measured once, and a file that several parts share by hard links is in none of them. */
export class MeasuredParts {
  readonly #parts = new Map<string, Part>();
  readonly #links = new Map<string, LinkedFile[]>();
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /**
   * Measures a part. Its files lie below `contentIn`, or `folder` as a whole; `beside` are files and folders of the engine's own that go with
   * it: they are in `disk` alone. False where the folder has vanished. Throws `EACCES`.
   */
  async add(
    id: string,
    kind: Part["kind"],
    folder: string,
    { contentIn = folder, beside = [] }: { contentIn?: string; beside?: readonly string[] } = {},
  ): Promise<boolean> {
    if (this.#parts.has(id)) return true;
    const signal = this.#signal;
    const found = await measureFolder(folder, { contentIn, signal });
    if (found === undefined) return false;
    let { disk } = found;
    for (const path of beside) disk += (await measureFolder(path, { signal }))?.disk ?? 0;
    this.#parts.set(id, { id, kind, cost: { disk, content: found.content } });
    if (found.linked.length > 0) this.#links.set(id, found.linked);
    return true;
  }

  /**
   * All parts. What several of them share is taken out of them and becomes a part of its own; `shared` says which ones a holder of a part
   * holds with it.
   */
  finish(): { parts: Map<string, Part>; shared: ReadonlyMap<string, readonly string[]> } {
    const owners = new Map<string, { file: LinkedFile; parts: string[] }>();
    for (const [part, files] of this.#links) {
      for (const file of files) {
        const known = owners.get(file.inode);
        if (known === undefined) owners.set(file.inode, { file, parts: [part] });
        else known.parts.push(part);
      }
    }
    const shared = new Map<string, string[]>();
    for (const { file, parts } of owners.values()) {
      if (parts.length === 1) continue;
      const id = `links of ${parts.join(" ")}`;
      if (!this.#parts.has(id)) for (const part of parts) shared.set(part, [...(shared.get(part) ?? []), id]);
      this.#grow(id, "links", file, 1);
      for (const part of parts) this.#grow(part, "layer", file, -1);
    }
    return { parts: this.#parts, shared };
  }

  #grow(id: string, kind: Part["kind"], { disk, content }: LinkedFile, sign: 1 | -1): void {
    const { cost, ...rest } = this.#parts.get(id) ?? { id, kind, cost: {} };
    this.#parts.set(id, {
      ...rest,
      cost: { disk: (cost.disk ?? 0) + sign * disk, content: (cost.content ?? 0) + sign * content },
    });
  }
}

/** The parts with those that they share with others. */
export function withShared(
  parts: Iterable<string>,
  shared: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const all = new Set(parts);
  for (const part of Array.from(all)) for (const id of shared.get(part) ?? []) all.add(id);
  return all;
}
