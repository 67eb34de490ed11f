import type { Store } from "../store/store.ts";
import type { ServerConfig } from "./config-schema.ts";

/** Opens the store that a configuration names: a folder, or a bucket. Throws what the stores throw. */
export async function openStore(
  config: Pick<ServerConfig, "data" | "s3">,
  env: Record<string, string | undefined>,
): Promise<Store> {
  if (config.s3 !== undefined) {
    const { openS3Store } = await import("../store/s3-store.ts");
    return await openS3Store(config.s3, env);
  }
  if (config.data === undefined) throw new Error("a configuration names a folder or a bucket");
  const { openDiskStore } = await import("../store/disk-store.ts");
  return await openDiskStore(config.data);
}
