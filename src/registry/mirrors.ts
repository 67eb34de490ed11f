import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../store/store.ts";
import { DdiffError, messageOf } from "../util/errors.ts";
import type { ServerConfig } from "./config-schema.ts";
import type { Log } from "./log.ts";
import type { RunningMirror } from "./mirror/mirror.ts";
import type { UpstreamOptions } from "./mirror/upstream.ts";

/** The registries of a configuration that are mirrored, with their logins. Throws `MIRROR_LOGIN_INVALID`. */
export async function upstreamsOf(config: ServerConfig): Promise<UpstreamOptions[]> {
  return await Promise.all(
    config.mirrors.map(async (one): Promise<UpstreamOptions> => {
      const token = await secretOf(one.host, one["token-file"]);
      const password = await secretOf(one.host, one["password-file"]);
      const login =
        token === undefined
          ? one.username === undefined || password === undefined
            ? undefined
            : { username: one.username, password }
          : { token };
      return {
        host: one.host,
        insecure: one.insecure,
        ...(one.url === undefined ? {} : { url: one.url }),
        ...(one.prefix === undefined ? {} : { prefix: one.prefix }),
        ...(one.ca === undefined ? {} : { caFile: one.ca }),
        ...(login === undefined ? {} : { credentials: login }),
      };
    }),
  );
}

/** The mirror of a configuration, undefined where nothing is mirrored. Throws `MIRROR_LOGIN_INVALID`, `UPSTREAM_INVALID`. */
export async function mirrorOf(
  config: ServerConfig,
  store: Store,
  log: Log,
  env: Record<string, string | undefined>,
): Promise<RunningMirror | undefined> {
  const upstreams = await upstreamsOf(config);
  if (upstreams.length === 0) return undefined;
  const { createMirror } = await import("./mirror/mirror.ts");
  return createMirror({
    store,
    upstreams,
    freshFor: config["mirror-fresh"],
    env,
    ...(config.limits.blob === undefined ? {} : { blobBytes: config.limits.blob }),
    // Where the store keeps what is not whole yet, and clears it when it is opened.
    ...(config.data === undefined ? {} : { tempDir: join(config.data, "temporary") }),
    onProblem: (sentence) => log.warn(sentence),
  });
}

async function secretOf(host: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return (await readFile(file, "utf8")).replace(/\r?\n$/, "");
  } catch (cause) {
    throw new DdiffError(
      "MIRROR_LOGIN_INVALID",
      `the login for ${host} cannot be read: ${messageOf(cause)}`,
      {
        hint: `Put the password or token alone into ${file}, readable by the server only.`,
        cause,
      },
    );
  }
}
