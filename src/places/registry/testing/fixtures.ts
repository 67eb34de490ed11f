import type { Descriptor } from "../../../oci/descriptor.ts";
import { silent } from "../../../util/progress.ts";
import type { PlaceContext } from "../../place.ts";
import { MemoryStore } from "../../testing/memory.ts";
import type { Tuning } from "../tuning.ts";
import type { FakeRegistry } from "./fake-registry.ts";

/** Pauses short enough for tests; all else as it is. */
export const quick: Partial<Tuning> = { retryDelayMs: 1, retryDelayLimitMs: 50, retries: 3 };

/** A context that finds no login on this machine. */
export function context(more: Partial<PlaceContext> = {}): PlaceContext {
  return { env: {}, progress: silent, tempDir: "/nonexistent", insecure: false, ...more };
}

/** Puts everything of a store into a fake registry, and a root under a tag. */
export function fill(fake: FakeRegistry, store: MemoryStore, root: Descriptor, tag: string): void {
  for (const [digest, bytes] of store.blobs) {
    fake.blobs.set(digest, bytes);
    const isJson = bytes[0] === 0x7b;
    if (!isJson) continue;
    const { mediaType } = JSON.parse(bytes.toString()) as { mediaType?: string };
    if (mediaType !== undefined) fake.put({ descriptor: { mediaType, digest, size: bytes.length }, bytes });
  }
  const bytes = store.blobs.get(root.digest);
  if (bytes !== undefined) fake.put({ descriptor: root, bytes }, tag);
}
