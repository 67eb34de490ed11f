import type { Source } from "./place.ts";

/** A source that hands every question on to another, for those who answer some of them themselves. */
export function forwardTo(source: Source): Source {
  return {
    label: source.label,
    name: source.name,
    ...(source.repository === undefined ? {} : { repository: source.repository }),
    ...(source.unpacked === undefined ? {} : { unpacked: source.unpacked }),
    root: () => source.root(),
    readDocument: (descriptor) => source.readDocument(descriptor),
    hasBlob: (descriptor) => source.hasBlob(descriptor),
    openBlob: (descriptor) => source.openBlob(descriptor),
    openLayer: (layer) => source.openLayer(layer),
    ...(source.openUnpacked === undefined ? {} : { openUnpacked: (layer) => openUnpacked(source, layer) }),
    referrers: (subject) => source.referrers(subject),
    close: () => source.close(),
  };
}

async function openUnpacked(source: Source, layer: Parameters<Source["openLayer"]>[0]) {
  return source.openUnpacked?.(layer);
}
