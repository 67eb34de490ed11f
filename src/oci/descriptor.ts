import type { Digest } from "./digest.ts";
import type { Platform } from "./platform.ts";

/** A reference to content by digest (image-spec, descriptor.md). `size` is in bytes. */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  urls?: string[];
  annotations?: Record<string, string>;
  /** Base64 of the content itself, where the author embedded it. */
  data?: string;
  platform?: Platform;
  artifactType?: string;
}
