import type { Readable } from "node:stream";
import type { Sink, Source, Written } from "../places/place.ts";
import { isDdiffError, messageOf } from "../util/errors.ts";
import { RegistryError } from "./errors.ts";

/** A bundle that came, and where its image is to stand. */
interface RebuildWish {
  /** The bundle's bytes as they were pushed. */
  bundle: Readable;
  /** Images that may hold what the bundle builds on; it is told the names that the bundle has for its base. */
  bases: (names: readonly string[]) => AsyncIterable<Source>;
  sink: Sink;
  signal: AbortSignal;
}

/** Makes the one image of a bundle with the digest that it had where the bundle was made, or throws. Comes from outside the room. */
export type RebuildImage = (wish: RebuildWish) => Promise<Written>;

/** Images that are made of bundles: few at once, and not for ever. */
export interface Rebuilds {
  /**
   * Throws as `RegistryError` TOOMANYREQUESTS where enough are under way; BUNDLE_INVALID, BASE_UNKNOWN, BUNDLE_INEXACT for what the
   * sender has to answer for; SIZE_INVALID for what takes too long or has no room.
   */
  run(wish: RebuildWish): Promise<Written>;
  /** When none is under way any more. */
  ended(): Promise<void>;
}

/** `time` in milliseconds. */
export function makeRebuilds(image: RebuildImage, options: { atOnce: number; time: number }): Rebuilds {
  const running = new Set<Promise<unknown>>();
  return {
    async run(wish) {
      if (running.size >= options.atOnce) {
        wish.bundle.destroy();
        throw new RegistryError("TOOMANYREQUESTS", "other images are being made of their bundles", {
          headers: { "Retry-After": "10" },
        });
      }
      const timeout = AbortSignal.timeout(options.time);
      const signal = AbortSignal.any([wish.signal, timeout]);
      const work = image({ ...wish, signal });
      running.add(work);
      try {
        return await work;
      } catch (error) {
        if (timeout.aborted && !wish.signal.aborted) {
          throw new RegistryError(
            "SIZE_INVALID",
            "the image takes longer to make than this registry allows",
            {
              status: 413,
              cause: error,
            },
          );
        }
        throw refusalOf(error);
      } finally {
        wish.bundle.destroy();
        running.delete(work);
      }
    },
    async ended() {
      await Promise.allSettled(running);
    },
  };
}

/** What the sender of a bundle is told; anything else is our own fault, and only the log says more. */
function refusalOf(error: unknown): unknown {
  if (!isDdiffError(error)) return error;
  const message = messageOf(error);
  switch (error.code) {
    case "BUNDLE_INVALID":
    case "BUNDLE_VERSION":
      return new RegistryError("BUNDLE_INVALID", message, { cause: error });
    case "BASE_MISSING":
    // Its image was deleted meanwhile.
    case "BLOB_MISSING":
      return new RegistryError("BASE_UNKNOWN", message, { cause: error });
    case "NOT_EXACT":
    case "ENCODER_UNKNOWN":
      return new RegistryError("BUNDLE_INEXACT", message, { cause: error });
    case "DIGEST_MISMATCH":
    case "SIZE_MISMATCH":
      return new RegistryError("UNKNOWN", "what this registry holds of the base is damaged", {
        cause: error,
      });
    case "DISK_SPACE":
      return new RegistryError("SIZE_INVALID", "the registry has no room to make the image", {
        status: 507,
        cause: error,
      });
    default:
      return error;
  }
}
