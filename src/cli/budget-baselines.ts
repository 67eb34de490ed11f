import { existsSync } from "node:fs";
import type { Baseline } from "../inspect/budget/baseline.ts";
import { parsePlatform } from "../oci/platform.ts";
import type { PlaceContext, Source } from "../places/place.ts";
import { isDdiffError } from "../util/errors.ts";
import { openSubjects } from "./compare-subjects.ts";

/** Codes of places that know no such image. */
const absent = ["IMAGE_MISSING", "IMAGE_NOT_FOUND", "PLATFORM_MISSING"];

/** Finds what images were before. An image that several are measured against is read once. */
export class Baselines {
  readonly #context: PlaceContext;
  readonly #opened: Source[];
  readonly #read = new Map<string, Promise<Baseline | undefined>>();
  /** What was not there, a sentence each. */
  readonly notes: string[] = [];

  /** `opened` gets every source that the caller is to close. */
  constructor(context: PlaceContext, opened: Source[]) {
    this.#context = context;
    this.#opened = opened;
  }

  /**
   * The baseline of an image for its platform: `name` is an image, or a file that ends with `.json`. Undefined, and a note, where it is not
   * there yet. Throws what places throw, `BASELINE_INVALID`.
   */
  async of(
    name: string,
    image: { names: readonly string[]; platform: string },
  ): Promise<Baseline | undefined> {
    const { names, platform } = image;
    const found = name.endsWith(".json")
      ? await this.#inFile(name, names, platform)
      : await this.#once(name, platform);
    if (found === undefined)
      this.notes.push(`${name} has no ${names[0]} for ${platform} yet: its growth is not judged`);
    return found;
  }

  async #inFile(file: string, names: readonly string[], platform: string): Promise<Baseline | undefined> {
    if (!existsSync(file)) return undefined;
    const { readBaseline } = await import("../inspect/budget/baseline.ts");
    return readBaseline(file, names, platform);
  }

  #once(name: string, platform: string): Promise<Baseline | undefined> {
    const key = `${name} ${platform}`;
    let reading = this.#read.get(key);
    if (reading === undefined) this.#read.set(key, (reading = this.#readImage(name, platform)));
    return reading;
  }

  async #readImage(name: string, platform: string): Promise<Baseline | undefined> {
    const { baselineOf } = await import("../inspect/budget/baseline.ts");
    const choice = { platforms: [parsePlatform(platform)], everyPlatform: false };
    try {
      const [found] = await openSubjects([name], choice, this.#context, this.#opened);
      return found === undefined ? undefined : baselineOf(name, found.subject.report);
    } catch (error) {
      if (absent.some((code) => isDdiffError(error, code))) return undefined;
      throw error;
    }
  }
}
