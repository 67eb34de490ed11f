import type { Digest } from "../../oci/digest.ts";
import { type JsonObject, readJsonObject } from "../../oci/fields.ts";

/** A new layer, and what the history says of it. */
interface ConfigLayer {
  diffId: Digest;
  title: string;
}

/**
 * The config of an image over the layers of a base (image-spec, config.md). All that is said of running it stays as it was written. The history has the
 * base's steps with its layers, then the image's own, none with a layer any more, and then names the new layers. Throws `CONFIG_INVALID`.
 */
export function rebasedConfig(
  image: Uint8Array,
  base: { config: Uint8Array; name: string; layers: readonly Digest[] },
  layers: readonly ConfigLayer[],
  version: string,
): Buffer {
  const old = read(image, "the image config");
  const below = baseSteps(read(base.config, "the base's config"), base);
  const own = stepsOf(old);
  const created = typeof old["created"] === "string" ? { created: old["created"] } : {};
  const history = [
    ...below,
    ...own.slice(commonSteps(own, below)).map((step) => ({ ...step, empty_layer: true })),
    ...layers.map(({ title }) => ({
      ...created,
      created_by: `ddiff rebase ${version}: ${title}`,
      comment: title,
    })),
  ];
  const rootfs = { type: "layers", diff_ids: [...base.layers, ...layers.map(({ diffId }) => diffId)] };
  return Buffer.from(JSON.stringify({ ...old, rootfs, history }));
}

function read(config: Uint8Array, what: string): JsonObject {
  return readJsonObject(config, { code: "CONFIG_INVALID", what, path: "" });
}

function stepsOf(config: JsonObject): JsonObject[] {
  const steps = Array.isArray(config["history"]) ? (config["history"] as unknown[]) : [];
  return steps.filter((step): step is JsonObject => typeof step === "object" && step !== null);
}

/** The base's steps; where they do not fit its layers, one for each layer, for builders refuse such a history. */
function baseSteps(
  config: JsonObject,
  { name, layers }: { name: string; layers: readonly Digest[] },
): JsonObject[] {
  const steps = stepsOf(config);
  if (steps.filter((step) => step["empty_layer"] !== true).length === layers.length) return steps;
  return layers.map((_, at) => ({ created_by: `layer ${at + 1} of ${name}` }));
}

/** How many steps an image has from the base already: it was built on it, or on what it was built on. */
function commonSteps(own: readonly JsonObject[], below: readonly JsonObject[]): number {
  let at = 0;
  while (at < own.length && at < below.length && JSON.stringify(own[at]) === JSON.stringify(below[at]))
    at += 1;
  return at;
}
