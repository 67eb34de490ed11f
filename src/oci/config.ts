import type { Digest } from "./digest.ts";

/** The parts of an image config that ddiff reads (image-spec, config.md). The bytes are always kept verbatim. */
export interface ImageConfig {
  architecture: string;
  os: string;
  variant?: string;
  /** The layers' identities, bottom first: digests of the uncompressed tars. */
  diffIds: Digest[];
  /** One line per Dockerfile step. */
  history: { createdBy?: string; emptyLayer: boolean }[];
}
