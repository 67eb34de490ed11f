// Data from outside of which only some members count: those of another type than expected are taken as absent.

/** A member of an object; undefined where there is none, or no object. */
export function member(value: unknown, name: string): unknown {
  const isObject = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Record<string, unknown>)[name] : undefined;
}

/** A text, or "". */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The texts of a list; none where there is no list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}
