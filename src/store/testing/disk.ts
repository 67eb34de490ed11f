import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { openDiskStore } from "../disk-store.ts";
import type { Store } from "../store.ts";
import type { StoreUnderTest } from "./store-contract.ts";

/** A disk store in a new folder. */
export async function openTestStore(): Promise<StoreUnderTest & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-store-"));
  let store = await openDiskStore(folder);
  return {
    folder,
    store,
    async reopen() {
      await store.close();
      store = await openDiskStore(folder);
      return store;
    },
    async dispose() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A disk store of its own for each test of a file; `opened` is given each, also when it was closed and opened anew. */
export function useTestStore(opened: (store: Store) => void): {
  readonly folder: string;
  reopen(): Promise<void>;
} {
  let under: Awaited<ReturnType<typeof openTestStore>> | undefined;
  const current = () => {
    if (under === undefined) throw new Error("the store is there while a test runs");
    return under;
  };
  beforeEach(async () => {
    under = await openTestStore();
    opened(under.store);
  });
  afterEach(() => under?.dispose());
  return {
    get folder() {
      return current().folder;
    },
    reopen: async () => opened(await current().reopen()),
  };
}
