import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isDdiffError } from "../../util/errors.ts";
import { parseHost } from "../docker/address.ts";
import { engineHttp } from "../docker/http.ts";
import type { PlaceContext } from "../place.ts";
import { podmanApi } from "./api-client.ts";
import type { PodmanClient } from "./client.ts";
import { podmanCommand } from "./command-client.ts";

/** Settings that Podman's program obeys and a service that was started without them does not. */
const storeSettings = ["CONTAINERS_STORAGE_CONF", "CONTAINERS_CONF", "STORAGE_DRIVER", "STORAGE_OPTS"];

/**
 * Podman where CONTAINER_HOST says; else the service at its usual socket if one answers there; else its program.
 * Throws `ENGINE_ADDRESS`.
 */
export async function connectPodman(context: PlaceContext): Promise<PodmanClient> {
  const { env } = context;
  const host = env["CONTAINER_HOST"] ?? "";
  if (host !== "") {
    // The path behind an SSH host is the socket there.
    const socket = /^ssh:\/\/[^/]+(\/.+)$/.exec(host)?.[1];
    const url = socket === undefined ? [] : ["--url", shellQuoted(`unix://${socket}`)];
    const there = ["podman", ...url, "system", "dial-stdio"];
    return podmanApi(engineHttp(parseHost(host, undefined, there), "Podman"));
  }
  if (storeSettings.every((name) => (env[name] ?? "") === "")) {
    const path = usualSocket(env);
    if ((await stat(path).catch(() => undefined))?.isSocket() === true) {
      const client = podmanApi(engineHttp({ kind: "unix", path }, "Podman"));
      if (await answers(client)) return client;
    }
  }
  return podmanCommand(context);
}

function usualSocket(env: PlaceContext["env"]): string {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  const folder = process.getuid?.() === 0 || runtime === "" ? "/run" : runtime;
  return join(folder, "podman/podman.sock");
}

async function answers(client: PodmanClient): Promise<boolean> {
  try {
    await client.info();
    return true;
  } catch (error) {
    // A socket that was left behind: the program needs none.
    if (isDdiffError(error)) return false;
    throw error;
  }
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
