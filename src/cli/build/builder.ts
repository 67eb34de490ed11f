import { DdiffError } from "../../util/errors.ts";
import { usageError } from "../usage.ts";

/** The program that builds, and where what it builds ends up. */
export interface Builder {
  kind: "docker" | "buildx" | "podman" | "buildah";
  /** What is called, up to and including the word that means "build". */
  command: string[];
  /** The user's words after that. */
  args: string[];
  /** The place that keeps what it builds. */
  transport: "docker-daemon" | "containers-storage";
}

/** Global options that take the next word as their value, so that it is not mistaken for the word "build". */
const valueOptions = new Set([
  "--config", "--context", "-c", "--host", "-H", "--log-level", "-l", "--tlscacert", "--tlscert", "--tlskey",
  "--builder", "--cgroup-manager", "--connection", "--conmon", "--events-backend", "--hooks-dir", "--identity",
  "--imagestore", "--module", "--network-cmd-path", "--network-config-dir", "--out", "--registries-conf",
  "--registries-conf-dir", "--root", "--runroot", "--runtime", "--runtime-flag", "--short-name-alias-conf", "--ssh",
  "--storage-driver", "--storage-opt", "--tmpdir", "--url", "--userns-gid-map", "--userns-uid-map", "--volumepath",
]); // biome-ignore format: one table

const programs = new Set(["docker", "podman", "buildah"]);

/**
 * Reads which builder a command line names: `docker build …`, `docker buildx build …`, `podman build …`, `buildah bud …`, also
 * with a path or global options; or none, and then `found` says which programs are there. Throws `USAGE`, `BUILDER_MISSING`.
 */
export function chooseBuilder(
  words: readonly string[],
  found: (program: string) => boolean,
  preferPodman: boolean,
): Builder {
  const program = words[0]?.split("/").at(-1) ?? "";
  // A lone word is a context: a folder may be called docker.
  if (programs.has(program) && words.length > 1) return namedBuilder(program, words);
  const order = preferPodman ? ["podman", "buildah"] : ["docker", "podman", "buildah"];
  const first = order.find(found);
  if (first === undefined) {
    throw new DdiffError("BUILDER_MISSING", `none of ${order.join(", ")} is on the PATH`, {
      hint: 'Install one of them, or build elsewhere and use "ddiff diff" on the result.',
    });
  }
  return makeBuilder(first, [first, "build"], [...words]);
}

function namedBuilder(program: string, words: readonly string[]): Builder {
  let at = 1;
  const groups: string[] = [];
  while (at < words.length) {
    const word = words[at] ?? "";
    if (word.startsWith("-")) at += valueOptions.has(word) ? 2 : 1;
    else if (
      word === "build" ||
      (program === "buildah" && word === "bud") ||
      (groups.includes("buildx") && word === "b")
    ) {
      const kind = groups.includes("buildx") && program === "docker" ? "buildx" : program;
      return makeBuilder(kind, words.slice(0, at + 1), words.slice(at + 1));
    } else if (groups.length === 0 && ["buildx", "builder", "image"].includes(word)) {
      groups.push(word);
      at += 1;
    } else break;
  }
  const what = words.slice(0, Math.min(at + 1, words.length)).join(" ");
  throw usageError(
    `"${what}" does not build an image`,
    "build",
    `Write "${program} build" and its arguments.`,
  );
}

function makeBuilder(kind: string, command: string[], args: string[]): Builder {
  if (kind === "docker" || kind === "buildx") return { kind, command, args, transport: "docker-daemon" };
  return { kind: kind === "buildah" ? "buildah" : "podman", command, args, transport: "containers-storage" };
}
