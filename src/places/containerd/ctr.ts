import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { type Digest, isDigest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import { DdiffError, systemErrorCode } from "../../util/errors.ts";
import {
  CommandFailure,
  type EngineCommand,
  runCommand,
  type RunOptions,
  streamCommand,
} from "../image-files/command.ts";
import type { PlaceContext } from "../place.ts";
import type { ContentStore } from "./content-store.ts";

/** An image as containerd lists it. */
export interface CtrImage {
  /** A full name, or whatever else made the image: Kubernetes names images by their config's digest too. */
  name: string;
  mediaType: string;
  digest: Digest;
}

/** The commands of `ctr` that ddiff uses, in one namespace. All throw what `runCommand` throws, and `ENGINE_DENIED`. */
export interface Ctr {
  readonly namespace: string;
  images(): Promise<CtrImage[]>;
  /** The digests that this namespace may use; others may lie in the same folder. */
  digests(): Promise<Set<Digest>>;
  /** The folder of the content store, where containerd tells. */
  contentFolder(): Promise<string | undefined>;
  /** The content store through `ctr content get`, for where its folder cannot be read. */
  content: ContentStore;
  /** Imports an OCI archive, of all platforms or of one. Only for one can it be unpacked. */
  import(
    archive: Readable,
    options: { platform: Platform | "all"; unpack: boolean; signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Ties children to an index, so that containerd keeps them as long as it (its docs, garbage-collection.md). */
  keep(index: Digest, children: readonly Pick<Descriptor, "digest">[]): Promise<void>;
  /** The answer to any other question. */
  ask(args: string[]): Promise<string>;
  tag(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
}

const usualSocket = "/run/containerd/containerd.sock";

/** containerd as CONTAINERD_ADDRESS, CONTAINERD_NAMESPACE and the context say. */
export function ctrOf(context: PlaceContext): Ctr {
  const { env } = context;
  const namespace = context.containerdNamespace ?? (env["CONTAINERD_NAMESPACE"] || "default");
  const address = (env["CONTAINERD_ADDRESS"] ?? "").replace(/^unix:\/\//, "");
  const options = [...(address === "" ? [] : ["--address", address]), "--namespace", namespace];
  const command: EngineCommand = { engine: "containerd", program: "ctr", options, env };
  const socket = address === "" ? usualSocket : address;
  const run = async (args: string[], more: RunOptions = {}): Promise<string> => {
    // ctr would wait ten seconds for it to come.
    if (!(await exists(socket))) throw unreachable(socket);
    try {
      return (await runCommand(command, args, more)).toString();
    } catch (error) {
      throw explain(error, socket);
    }
  };
  const digests = async (): Promise<Set<Digest>> =>
    new Set((await run(["content", "ls", "--quiet"])).split("\n").filter(isDigest));
  let listed: Promise<Set<Digest>> | undefined;
  return {
    namespace,
    images: async () => parseImages(await run(["images", "ls"])),
    digests,
    async contentFolder() {
      const text = await run(["plugins", "ls", "--detailed", "id==content"]);
      return /^\s*root\s+(\/.*\S)\s*$/m.exec(text)?.[1];
    },
    content: {
      has: async ({ digest }) => (await (listed ??= digests())).has(digest),
      open: ({ digest }) => streamCommand(command, ["content", "get", digest]),
    },
    async import(archive, { platform, unpack, signal }) {
      const which = platform === "all" ? ["--all-platforms"] : ["--platform", formatPlatform(platform)];
      await run(["images", "import", ...which, ...(unpack ? [] : ["--no-unpack"]), "-"], {
        input: archive,
        signal,
      });
    },
    async keep(index, children) {
      const labels = children.map(
        ({ digest }) => `containerd.io/gc.ref.content.ddiff.${digest.slice(7, 19)}=${digest}`,
      );
      await run(["content", "label", index, ...labels]);
    },
    ask: (args) => run(args),
    tag: async (from, to) => void (await run(["images", "tag", "--force", from, to])),
    remove: async (name) => void (await run(["images", "rm", name])),
  };
}

/** The table of `ctr images ls`: only its first columns are free of spaces, and only they are needed. */
function parseImages(table: string): CtrImage[] {
  return table.split("\n").flatMap((line) => {
    const [name = "", mediaType = "", digest] = line.split(/\s+/);
    return isDigest(digest) ? [{ name, mediaType, digest }] : [];
  });
}

function explain(error: unknown, address: string): unknown {
  if (!(error instanceof CommandFailure)) return error;
  if (/permission denied/i.test(error.said)) {
    return new DdiffError("ENGINE_DENIED", `You may not use containerd's socket ${address}`, {
      hint: "Run the command with sudo.",
      cause: error,
    });
  }
  if (
    /connection refused|no such file or directory.*sock|cannot access socket|context deadline/i.test(
      error.said,
    )
  ) {
    return unreachable(address, error);
  }
  return error;
}

function unreachable(address: string, cause?: unknown): DdiffError {
  return new DdiffError("ENGINE_UNREACHABLE", `containerd does not answer at ${address}`, {
    hint: "Start containerd, or say where it is with CONTAINERD_ADDRESS.",
    cause,
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    // A folder that is not for us may hold it: ctr will say.
    return systemErrorCode(error) !== "ENOENT";
  }
}
