import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DdiffError, messageOf } from "../../util/errors.ts";
import type { Builder } from "../build/builder.ts";

/** How long Docker may take to say what it can; it asks its daemon. */
const patienceMs = 30_000;

/**
 * Answers a builder that can build a base. Docker's name may stand for three: BuildKit, Podman under that name, and the classic builder, which
 * fails half-way. Which one it is, is in its help: it shows the options that go with the daemon and the settings here. Throws `BUILDKIT_MISSING`.
 */
export async function baseBuilder(builder: Builder, signal?: AbortSignal): Promise<Builder> {
  if (!isDocker(builder)) return builder;
  const help = await helpOf(builder, signal);
  // Whoever cannot be asked cannot build either, and says why.
  if (help === undefined) return builder;
  if (help.includes("Containerfile")) return { ...builder, kind: "podman", transport: "containers-storage" };
  if (help.includes("--secret")) return builder;
  throw new DdiffError(
    "BUILDKIT_MISSING",
    `"${builder.command.join(" ")}" does not build with BuildKit here, and Docker's classic builder cannot build a base: it knows neither RUN --mount nor COPY --link`,
    {
      hint: 'Install buildx (the package docker-buildx-plugin, or docker-buildx); with Docker before 23 it is enough to set DOCKER_BUILDKIT=1. Or take Podman or Buildah: "ddiff base build -- podman build".',
    },
  );
}

/** Whether it takes Docker's options, and BuildKit's Dockerfiles. */
export function isDocker({ kind }: Builder): boolean {
  return kind === "docker" || kind === "buildx";
}

/** What the builder prints about its options; undefined where it cannot be run, or not in time. */
async function helpOf({ command }: Builder, signal: AbortSignal | undefined): Promise<string | undefined> {
  const [program = "", ...words] = command;
  try {
    const options = { timeout: patienceMs, ...(signal === undefined ? {} : { signal }) };
    return (await promisify(execFile)(program, [...words, "--help"], options)).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    // With DOCKER_BUILDKIT=1 and without buildx there is not even help.
    return /buildx component is missing/.test(messageOf(error)) ? "" : undefined;
  }
}
