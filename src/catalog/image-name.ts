import { parseReference } from "../oci/reference.ts";

/** An image's name in parts, as the tables of the catalogue write it. */
export interface ImageName {
  /** Without Docker Hub and `library/`: `python`, `nvidia/cuda`, `nvcr.io/nvidia/pytorch`. */
  readonly name: string;
  /** `latest` when neither a tag nor a digest is written. */
  readonly tag: string | undefined;
  readonly pinned: boolean;
}

/** Reads an image's name; undefined when it is none, for example because a variable in it has no value. */
export function readImageName(image: string): ImageName | undefined {
  try {
    const { domain, path, tag, digest } = parseReference(image);
    const short = domain === "docker.io" ? path.replace(/^library\//, "") : `${domain}/${path}`;
    return {
      name: short.replace(/^(?:mirror\.gcr\.io|public\.ecr\.aws\/docker)\/library\//, ""),
      tag: tag ?? (digest === undefined ? "latest" : undefined),
      pinned: digest !== undefined,
    };
  } catch {
    return undefined;
  }
}
