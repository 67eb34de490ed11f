import type { Input } from "../inputs.ts";

/**
 * One tool, as three bash scripts. They run in an empty folder of their own and see
 * `$old` and `$new` (all layers that differ, uncompressed, one after the other), `$oldTars` and `$newTars` (the same
 * layer by layer, separated by spaces), `$oldLayout` and `$newLayout` (OCI layouts; images `old` and `new`),
 * `$missing` (files: the blobs that the old side lacks), `$repository` (this checkout) and `$node` (the Node that runs).
 * What `make` leaves in `delta/` is what travels; `apply` uses only that and the old side.
 */
export interface Peer {
  id: string;
  title: string;
  /** Programs that it needs. */
  programs: readonly string[];
  /** Why it cannot take this pair (too large for its memory, …). */
  unfit?(input: Input): string | undefined;
  /** What both sides have at rest; not measured. */
  prepare?: string;
  make: string;
  apply: string;
  /** Fails when what `apply` made is not the new image; not measured. */
  verify: string;
}
