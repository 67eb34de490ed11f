import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskStore } from "../disk-store.ts";
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
