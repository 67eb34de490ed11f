import { invalidHeaders } from "./columns.ts";
import type { HeaderModel } from "./model.ts";
import type { Renaming } from "./strings.ts";
import { TimeCoder } from "./times.ts";

/** So many shapes are remembered, each by a header of at most so many bytes: what a hostile bundle can make us hold. */
const maxShapes = 1000;
const maxRemembered = 1 << 16;

/** What both sides of header coding know from the headers before. */
export class Predictor {
  readonly times = new TimeCoder();
  path = "";
  nanos = 0;
  /** Whether the writer rounds a PAX mtime to the seconds of the last block (Python) or cuts it (all others). */
  rounds = false;
  renaming: Renaming | undefined;
  readonly #recordTimes = new Map<string, TimeCoder>();
  readonly #ids = new Map<string, number>();
  readonly #models: HeaderModel[] = [];

  /** The coder of the times in one kind of PAX record. */
  recordTimes(key: string): TimeCoder {
    const coder = this.#recordTimes.get(key) ?? new TimeCoder();
    this.#recordTimes.set(key, coder);
    return coder;
  }

  /** The last header of a shape with the shape's number, which is 1 or more. */
  find(shape: string): { id: number; model: HeaderModel } | undefined {
    const id = this.#ids.get(shape);
    const model = id === undefined ? undefined : this.#models[id - 1];
    return id === undefined || model === undefined ? undefined : { id, model };
  }

  /** The last header of the shape with this number. Throws `BUNDLE_INVALID` where there is none. */
  get(id: number): HeaderModel {
    const model = this.#models[id - 1];
    if (model === undefined) throw invalidHeaders("shapes refer to none before");
    return model;
  }

  /** Takes note of a whole header. */
  remember(header: Buffer, model: HeaderModel | undefined): void {
    if (model === undefined) return;
    this.times.see(model.values.mtime);
    this.path = model.values.path;
    if (model.timed) this.nanos = model.values.nanos;
    this.rounds = model.rounds ?? this.rounds;
    if (header.length > maxRemembered) return;
    const id = this.#ids.get(model.shape);
    if (id !== undefined) this.#models[id - 1] = model;
    else if (this.#models.length < maxShapes) this.#ids.set(model.shape, this.#models.push(model));
  }
}
