import { lstat, stat } from "node:fs/promises";
import { DdiffError } from "../util/errors.ts";
import type { Place, PlaceContext, Transport } from "./place.ts";

/** One case for each place; imported when it is needed, so that a command starts without those it does not use. */
const openers: Record<Transport, (rest: string, context: PlaceContext) => Promise<Place>> = {
  docker: async (rest, context) => (await import("./registry.ts")).registryPlace(rest, context),
  "docker-daemon": async (rest, context) => (await import("./docker.ts")).dockerPlace(rest, context),
  "containers-storage": async (rest, context) => (await import("./podman.ts")).podmanPlace(rest, context),
  containerd: async (rest, context) => (await import("./containerd.ts")).containerdPlace(rest, context),
  oci: async (rest, context) => (await import("./oci-layout.ts")).ociLayoutPlace(rest, context),
  "oci-archive": async (rest, context) => (await import("./oci-archive.ts")).ociArchivePlace(rest, context),
  "docker-archive": async (rest, context) =>
    (await import("./docker-archive.ts")).dockerArchivePlace(rest, context),
  dir: async (rest, context) => (await import("./dir.ts")).dirPlace(rest, context),
};

/**
 * The place that a user names: `TRANSPORT:…` as in containers-transports(5), a path of a layout or an archive that
 * exists (`./x.tar`, `/srv/layout:tag`), or a bare name: an image of the local engine.
 * Throws `PLACE_UNKNOWN`, `PLACE_INVALID`, `FILE_MISSING`, and what the places throw for a bad name.
 */
export async function openPlace(text: string, context: PlaceContext): Promise<Place> {
  const { transport, rest } = splitTransport(text);
  if (transport !== undefined) return await openers[transport](rest, context);
  const path = await existingPath(text);
  if (path !== undefined) return await openers[await transportOfPath(path, context)](text, context);
  const { findEngine } = await import("./engine.ts");
  return await openers[await findEngine(context)](text, context);
}

/** The transport before the first colon, or none for a path or a bare name. Throws `PLACE_UNKNOWN`, `PLACE_INVALID`. */
function splitTransport(text: string): { transport: Transport | undefined; rest: string } {
  const match = /^([A-Za-z][A-Za-z0-9+-]*):(.*)$/s.exec(text);
  const [, word = "", rest = ""] = match ?? [];
  if (isTransport(word)) {
    if (word !== "docker" || rest.startsWith("//")) return { transport: word, rest };
    throw new DdiffError(
      "PLACE_INVALID",
      `${text} is not understood: an image in a registry begins with docker://`,
      {
        hint: `Write docker://${rest}, or ${word}-daemon:${rest} for the engine on this machine.`,
        exitStatus: 2,
      },
    );
  }
  // `host:5000/app` and `app:1` are names; no name has a slash behind a colon but after a port.
  const isName = match === null || !rest.includes("/") || /^\d+\//.test(rest);
  if (isName) return { transport: undefined, rest: text };
  const isWeb = /^https?$/i.test(word);
  throw new DdiffError("PLACE_UNKNOWN", `${JSON.stringify(word)} is no kind of place that ddiff knows`, {
    hint: isWeb
      ? `write docker:${rest} for an image in a registry`
      : `the kinds are ${Object.keys(openers).join(":, ").replace("docker:,", "docker://,")}:`,
    exitStatus: 2,
  });
}

function isTransport(word: string): word is Transport {
  return Object.hasOwn(openers, word);
}

/**
 * The path in a text that is meant as one: it begins like a path and must then exist, or it is the name of an archive
 * that lies here. Throws `FILE_MISSING`.
 */
async function existingPath(text: string): Promise<string | undefined> {
  const { splitPath } = await import("./named-blobs.ts");
  const isPath = /^(?:\.{0,2}\/|\.{1,2}$|[A-Za-z]:\\)/.test(text);
  const isArchive = /\.(?:tar|tgz|tar\.gz|tar\.zst)(?::|$)/.test(text);
  if (!isPath && !isArchive) return undefined;
  const { path } = splitPath(text, "");
  if ((await lstat(path).catch(() => undefined)) !== undefined) return path;
  if (!isPath) return undefined;
  throw new DdiffError("FILE_MISSING", `there is no file or folder ${path}`, {
    hint: "To write a new one, say what it is to be: oci:PATH, oci-archive:PATH, docker-archive:PATH or dir:PATH.",
  });
}

/** What lies at a path. Throws `PLACE_UNKNOWN`. */
async function transportOfPath(path: string, context: PlaceContext): Promise<Transport> {
  const exists = async (name: string) => (await stat(`${path}/${name}`).catch(() => undefined)) !== undefined;
  if ((await stat(path)).isDirectory()) {
    if (await exists("oci-layout")) return "oci";
    if (await exists("manifest.json")) return "dir";
    throw new DdiffError("PLACE_UNKNOWN", `the folder ${path} holds no image`, {
      hint: "An OCI layout has a file oci-layout, a folder that skopeo wrote a file manifest.json.",
    });
  }
  const { looksLikeArchive, openArchive } = await import("./archive-members.ts");
  switch (await looksLikeArchive(path)) {
    case "packed":
      // It would have to be unpacked to know; this one reads both kinds.
      return "docker-archive";
    case "tar": {
      const files = await openArchive(path, context.tempDir);
      const isOci = (await files.size("manifest.json")) === undefined;
      await files.close();
      return isOci ? "oci-archive" : "docker-archive";
    }
    default:
      throw new DdiffError("PLACE_UNKNOWN", `${path} is no archive of an image`, {
        hint: "An archive is a tar that docker save, podman save, skopeo or ddiff wrote.",
      });
  }
}
