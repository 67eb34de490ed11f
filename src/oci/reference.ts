import type { Digest } from "./digest.ts";

/** A parsed image reference, normalised as Docker does (`debian` is `docker.io/library/debian`). */
export interface Reference {
  /** Registry host with its port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  domain: string;
  /** Repository path inside the registry: `library/debian`. */
  path: string;
  tag?: string;
  digest?: Digest;
}
