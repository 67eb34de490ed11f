import { DdiffError, isDdiffError, messageOf } from "../util/errors.ts";
import { ctrOf } from "./containerd/ctr.ts";
import { connectDocker } from "./docker.ts";
import { connectPodman } from "./podman/connect.ts";
import type { PlaceContext } from "./place.ts";

/** The engines of a machine, by their transport. */
export type Engine = "docker-daemon" | "containers-storage" | "containerd";

/** A daemon that accepts a connection and says nothing must not hold up the others, in milliseconds. */
const patience = 10_000;

/**
 * The engine that a bare name belongs to: Podman where DDIFF_FORCE_PODMAN says so, else the first that answers of Docker,
 * Podman and containerd. A DOCKER_HOST that was set is meant: then only Docker is asked.
 * Throws `ENGINE_MISSING`; `ENGINE_DENIED` where one is there that this user may not use.
 */
export async function findEngine(context: PlaceContext): Promise<Engine> {
  const { env } = context;
  if (/^(?:1|true|yes|on)$/i.test(env["DDIFF_FORCE_PODMAN"] ?? "")) return "containers-storage";
  if ((env["DOCKER_HOST"] ?? "") !== "") return "docker-daemon";
  const failures: DdiffError[] = [];
  for (const [engine, ask] of engines) {
    try {
      await ask(context);
      return engine;
    } catch (error) {
      context.signal?.throwIfAborted();
      failures.push(
        isDdiffError(error)
          ? error
          : new DdiffError("ENGINE_UNREACHABLE", messageOf(error), { cause: error }),
      );
    }
  }
  const denied = failures.find((failure) => failure.code === "ENGINE_DENIED");
  if (denied !== undefined) throw denied;
  throw new DdiffError("ENGINE_MISSING", "Neither Docker nor Podman nor containerd answers on this machine", {
    hint: "Start one of them, or name a place that needs none: oci:PATH, oci-archive:PATH, docker-archive:PATH, docker://HOST/NAME.",
    cause: new AggregateError(failures, failures.map((failure) => failure.message).join("; ")),
  });
}

const engines: readonly [Engine, (context: PlaceContext) => Promise<void>][] = [
  ["docker-daemon", askDocker],
  ["containers-storage", async (context) => void (await (await connectPodman(context)).info())],
  ["containerd", async (context) => void (await ctrOf(context).images())],
];

async function askDocker(context: PlaceContext): Promise<void> {
  const { http } = await connectDocker(context);
  // A connection through ssh may wait for a password.
  const signal = http.address.kind === "ssh" ? undefined : AbortSignal.timeout(patience);
  const answer = await http.call({ path: "/_ping", signal });
  answer.body.destroy();
  if (!answer.ok)
    throw new DdiffError("ENGINE_UNREACHABLE", `Docker is not ready: it answers ${answer.status}`);
}
