import { escapeHtml } from "../../../report/markdown.ts";
import { printableLine } from "../../../report/text.ts";

/** A table behind a title that folds, whose first `right` columns are numbers; its cells are HTML. Empty where there are no rows. */
export function htmlTable(
  title: string,
  open: boolean,
  head: readonly string[],
  right: number,
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return "";
  const cells = (tag: string, row: readonly string[]): string =>
    row.map((cell, at) => `<${tag}${at < right ? ' class="number"' : ""}>${cell}</${tag}>`).join("");
  return `<section><details${open ? " open" : ""}><summary><h2>${title}</h2></summary><div class="scroll"><table>
<thead><tr>${cells("th", head)}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n")}</tbody>
</table></div></details></section>`;
}

/** Text from outside as HTML, on one line. */
export function htmlText(value: string): string {
  return escapeHtml(printableLine(value));
}
