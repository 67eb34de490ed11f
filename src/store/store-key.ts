import { DdiffError } from "../util/errors.ts";

const segmentPattern = /^[A-Za-z0-9._+=~-]{1,255}$/;
const maxSegments = 6;

/**
 * The segments of a store's key: one to six of `A-Za-z0-9._+=~-`, each at most 255 bytes and neither `.` nor `..`. Whatever else is
 * asked for throws `STORE_KEY_INVALID` before anything is touched.
 */
export function keySegments(key: string): string[] {
  const segments = key.split("/", maxSegments + 1);
  if (segments.length > maxSegments || !segments.every(isSegment)) {
    throw new DdiffError("STORE_KEY_INVALID", `${JSON.stringify(key.slice(0, 200))} is no key of a store`, {
      hint: "This is a fault of ddiff: a name reached the store that the registry should have refused.",
    });
  }
  return segments;
}

function isSegment(text: string): boolean {
  return segmentPattern.test(text) && text !== "." && text !== "..";
}
