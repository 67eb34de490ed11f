/** The fields of a record that is a JSON object; none where it is not there, or no JSON, or something else. */
export function fieldsOf(text: Buffer | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** A field that is text; "" for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
