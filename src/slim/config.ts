import type { Digest } from "../oci/digest.ts";
import { readJsonObject } from "../oci/fields.ts";

/** A new layer for the config: its diffID and what the history says of it. */
interface ConfigLayer {
  diffId: Digest;
  title: string;
}

/**
 * An image config with other layers (image-spec, config.md). All else stays as it was written. The history keeps every step, none of them
 * with a layer any more, and then names the new layers. Throws `CONFIG_INVALID`.
 */
export function withNewLayers(config: Uint8Array, layers: readonly ConfigLayer[], version: string): Buffer {
  const old = readJsonObject(config, { code: "CONFIG_INVALID", what: "the image config", path: "" });
  const steps = Array.isArray(old["history"]) ? (old["history"] as unknown[]) : [];
  const created = typeof old["created"] === "string" ? { created: old["created"] } : {};
  const history = [
    ...steps.map((step) =>
      typeof step === "object" && step !== null ? { ...step, empty_layer: true } : step,
    ),
    ...layers.map(({ title }) => ({
      ...created,
      created_by: `ddiff slim ${version}: ${title}`,
      comment: title,
    })),
  ];
  const rootfs = { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) };
  return Buffer.from(JSON.stringify({ ...old, rootfs, history }));
}
