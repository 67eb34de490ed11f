import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { packTar, type TarMember } from "../../tar/writer.ts";

/** A member with this content. */
export function file(path: string, content: string | Buffer): TarMember {
  const bytes = Buffer.from(content);
  return { path, size: bytes.length, bytes };
}

/** A member that links to another. */
export function linkTo(path: string, linkPath: string, type: "symlink" | "hardlink" = "symlink"): TarMember {
  return { path, size: 0, type, linkPath };
}

/** Writes a tar of these members. */
export async function writeTar(path: string, members: TarMember[]): Promise<void> {
  await pipeline(packTar(members), createWriteStream(path));
}

/** The config of an image with these layers, as docker writes it; its name; and the layers' diffIDs in hex. */
export function dockerConfig(
  layers: readonly string[],
  more: object = {},
): { text: string; name: string; diffIds: string[] } {
  const digests = layers.map((layer) => digestOf(Buffer.from(layer)));
  const text = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    ...more,
    rootfs: { type: "layers", diff_ids: digests },
  });
  return { text, name: hexOf(digestOf(Buffer.from(text))), diffIds: digests.map(hexOf) };
}

/** The manifest.json of an archive. */
export function manifestJson(
  images: { Config: string; RepoTags?: string[] | null; Layers: string[] }[],
): TarMember {
  return file("manifest.json", JSON.stringify(images));
}
