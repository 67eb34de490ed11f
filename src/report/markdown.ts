import { codeSpans } from "./text.ts";

/** GitHub cuts comments off at 65,536 characters; some room is left for what others write around a report. */
export const longestComment = 60_000;

/** Text from outside as plain text of a table's cell: no markup, no mention of a person. */
export function cellText(value: string): string {
  return escapeHtml(value)
    .replaceAll(/[\\`*_{}[\]()#+!|~]/g, (char) => `\\${char}`)
    .replaceAll("@", "&#64;");
}

/** Text from outside as code, also in a table's cell. */
export function codeText(value: string): string {
  return `<code>${escapeHtml(value).replaceAll("|", "&#124;")}</code>`;
}

/** A sentence with code between backticks as a table's cell. */
export function proseText(value: string): string {
  return codeSpans(value)
    .map(({ text, code }) => (code ? codeText(text) : cellText(text)))
    .join("");
}

/** Text from outside as HTML, in one line. */
export function escapeHtml(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\r\n]+/g, " ");
}
