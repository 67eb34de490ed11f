import type { ImageConfig } from "../oci/config.ts";
import type { Step } from "./analysis.ts";

/** A Dockerfile that the image was built with, and how the user named it. */
export interface NamedDockerfile {
  file: string;
  text: string;
}

/** The step of each layer, bottom first. */
export function stepsOf(
  history: ImageConfig["history"],
  layers: number,
  _dockerfile?: NamedDockerfile,
): Step[] {
  const written = history.filter(({ emptyLayer }) => !emptyLayer);
  return Array.from({ length: layers }, (_, i) => ({ text: written[i]?.createdBy ?? "" }));
}
