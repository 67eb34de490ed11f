import { DdiffError, messageOf } from "../util/errors.ts";

/** What a JSON text may cost. */
export interface JsonLimits {
  /** In bytes. */
  maxBytes: number;
  /** Nesting of arrays and objects. */
  maxDepth: number;
}

/** Registries take manifests up to 4 MiB (distribution-spec, "Pushing manifests"). */
export const documentLimits: JsonLimits = { maxBytes: 4 * 1024 * 1024, maxDepth: 64 };

/**
 * Reads JSON that others wrote: strict UTF-8 without a byte order mark, nothing after the value, and no name twice
 * in one object (I-JSON, RFC 7493; two readers that keep different ones would see two different images).
 * `what` names the thing in errors. Throws `JSON_INVALID`.
 */
export function parseJson(bytes: Uint8Array, what: string, limits: JsonLimits = documentLimits): unknown {
  if (bytes.length > limits.maxBytes) {
    throw invalid(`${what} has ${bytes.length} bytes, more than the ${limits.maxBytes} allowed`);
  }
  const text = decode(bytes, what);
  checkStructure(text, what, limits.maxDepth);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${what} is not valid JSON: ${messageOf(error)}`, error);
  }
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    // A byte order mark stays in the text, where the parser refuses it.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw invalid(`${what} is not valid UTF-8`, error);
  }
}

/** An open array, or an open object with the names seen so far. */
type Scope = Set<string> | "array";

/**
 * One pass for what `JSON.parse` lets through: depth and repeated names. It does not judge the syntax; in a text
 * that is no JSON it may see nonsense, which the parser then refuses.
 */
function checkStructure(text: string, what: string, maxDepth: number): void {
  const scopes: Scope[] = [];
  let nameComes = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      const scope = scopes.at(-1);
      if (nameComes && scope instanceof Set) addName(scope, text.slice(i, end), what);
      nameComes = false;
      i = end - 1;
    } else if (char === "{" || char === "[") {
      if (scopes.length >= maxDepth) throw invalid(`${what} is nested more than ${maxDepth} levels deep`);
      scopes.push(char === "{" ? new Set() : "array");
      nameComes = char === "{";
    } else if (char === "}" || char === "]") {
      scopes.pop();
      nameComes = false;
    } else if (char === ",") {
      nameComes = scopes.at(-1) instanceof Set;
    }
  }
}

/** The position after the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i + 1;
  }
  return text.length;
}

function addName(names: Set<string>, quoted: string, what: string): void {
  const name = quoted.includes("\\") ? unquote(quoted) : quoted.slice(1, -1);
  if (name === undefined) return;
  if (names.has(name)) {
    throw invalid(`${what} has the name ${JSON.stringify(name.slice(0, 100))} twice in one object`);
  }
  names.add(name);
}

function unquote(quoted: string): string | undefined {
  try {
    const name: unknown = JSON.parse(quoted);
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}

function invalid(sentence: string, cause?: unknown): DdiffError {
  return new DdiffError("JSON_INVALID", sentence, {
    hint: "The file is damaged or was made to deceive: get it again from where it came.",
    cause,
  });
}
