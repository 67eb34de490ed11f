import type { Analysis, FileReport } from "./analysis.ts";

/** Programs and services that a person would name. */
export function findPrograms(_files: readonly FileReport[]): Analysis["programs"] {
  return [];
}
