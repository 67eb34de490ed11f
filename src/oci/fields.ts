import { DdiffError, isDdiffError } from "../util/errors.ts";
import { documentLimits, parseJson, type JsonLimits } from "./json.ts";

/** Where a value stands, for the sentence of a refusal: `manifest of app:1: layers[3].size is not a number`. */
export interface Spot {
  /** The error code of a refusal. */
  code: string;
  /** The document, in words. */
  what: string;
  /** The way into it: `layers[3].size`; empty for the document itself. */
  path: string;
}

/** A JSON object whose members are not checked yet. */
export type JsonObject = Record<string, unknown>;

type Reader<T> = (value: unknown, spot: Spot) => T;

/** Throws the spot's code with a sentence that names the value: `… layers[3].size is negative`. */
export function refuse(spot: Spot, problem: string): never {
  const where = spot.path === "" ? spot.what : `${spot.what}: ${spot.path}`;
  throw new DdiffError(spot.code, `${where} ${problem}`, {
    hint: "The file is damaged, or the tool that wrote it breaks the image specification: build or fetch it again.",
  });
}

/** The spot of a member of the object at `spot`. */
export function memberSpot(spot: Spot, name: string): Spot {
  return { ...spot, path: spot.path === "" ? name : `${spot.path}.${name}` };
}

/** Parses a document that must be an object, `parseJson`'s refusals under the spot's own code. */
export function readJsonObject(
  bytes: Uint8Array,
  spot: Spot,
  limits: JsonLimits = documentLimits,
): JsonObject {
  let value: unknown;
  try {
    value = parseJson(bytes, spot.what, limits);
  } catch (error) {
    if (!isDdiffError(error, "JSON_INVALID")) throw error;
    throw new DdiffError(spot.code, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
  return readObject(value, spot);
}

/** An object, not null and no list. */
export function readObject(value: unknown, spot: Spot): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  return refuse(spot, `is ${nameOf(value)} instead of an object`);
}

/** A text. */
export function readString(value: unknown, spot: Spot): string {
  return typeof value === "string" ? value : refuse(spot, `is ${nameOf(value)} instead of a text`);
}

/** A whole number from 0 to 2^53-1: above that JavaScript would read another number than was written. */
export function readSize(value: unknown, spot: Spot): number {
  if (typeof value !== "number") return refuse(spot, `is ${nameOf(value)} instead of a number`);
  if (value < 0) return refuse(spot, "is negative");
  if (!Number.isSafeInteger(value)) return refuse(spot, "is not a whole number below 2^53");
  return value + 0;
}

/** True or false. */
export function readBoolean(value: unknown, spot: Spot): boolean {
  return typeof value === "boolean" ? value : refuse(spot, `is ${nameOf(value)} instead of true or false`);
}

/** Texts by name; the order stays. */
export function readStringMap(value: unknown, spot: Spot): Record<string, string> {
  const entries = Object.entries(readObject(value, spot));
  return Object.fromEntries(entries.map(([name, text]) => [name, readString(text, memberSpot(spot, name))]));
}

/** A list whose items `read` checks. */
export function readList<T>(value: unknown, spot: Spot, read: Reader<T>): T[] {
  if (!Array.isArray(value)) return refuse(spot, `is ${nameOf(value)} instead of a list`);
  return value.map((item: unknown, i) => read(item, { ...spot, path: `${spot.path}[${i}]` }));
}

/** A list of texts. */
export function readStrings(value: unknown, spot: Spot): string[] {
  return readList(value, spot, readString);
}

/** A member that must be there. */
export function required<T>(object: JsonObject, name: string, spot: Spot, read: Reader<T>): T {
  if (!present(object, name)) return refuse(memberSpot(spot, name), "is missing");
  return read(object[name], memberSpot(spot, name));
}

/**
 * `{ [name]: value }` where the object has the member, else `{}`: to be spread, so that nothing becomes a member
 * that holds undefined.
 */
export function optional<N extends string, T>(
  object: JsonObject,
  name: N,
  spot: Spot,
  read: Reader<T>,
): { [K in N]?: T } {
  if (!present(object, name)) return {};
  return { [name]: read(object[name], memberSpot(spot, name)) } as { [K in N]?: T };
}

/** Whether the object has the member. `null` counts as absent: Go programs write it for what they do not have. */
export function present(object: JsonObject, name: string): boolean {
  return Object.hasOwn(object, name) && object[name] !== null && object[name] !== undefined;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
