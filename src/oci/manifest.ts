import type { Descriptor } from "./descriptor.ts";

/** An image manifest or artifact manifest (image-spec, manifest.md; Docker schema 2). */
export interface Manifest {
  kind: "manifest";
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  subject?: Descriptor;
  artifactType?: string;
  annotations?: Record<string, string>;
}

/** An image index or Docker manifest list (image-spec, image-index.md). */
export interface Index {
  kind: "index";
  mediaType: string;
  manifests: Descriptor[];
  subject?: Descriptor;
  artifactType?: string;
  annotations?: Record<string, string>;
}
