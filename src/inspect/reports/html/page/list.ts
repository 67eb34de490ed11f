import { formatBytes } from "../../../../util/bytes.ts";
import { printableLine } from "../../../../report/text.ts";
import { grouped, plural } from "../../../../report/words.ts";

/** A line of the table. */
export interface Row {
  name: string;
  /** The folder of a file that was found elsewhere; "" for what is here. */
  folder: string;
  bytes: number;
  files: number;
  hue: number | undefined;
  /** What happens when it is chosen; undefined where nothing can. */
  open: (() => void) | undefined;
  point(on: boolean): void;
}

/** More would be slow to draw, and nobody reads them. */
const mostRows = 250;

/** Fills the table beside the map. `whole` is what 100 % is. */
export function fillTable(body: HTMLElement, rows: readonly Row[], whole: number): void {
  const lines = rows.slice(0, mostRows).map((row) => tableRow(row, whole));
  const left = rows.slice(mostRows);
  if (left.length > 0) {
    const bytes = left.reduce((sum, one) => sum + one.bytes, 0);
    const files = left.reduce((sum, one) => sum + one.files, 0);
    const rest = {
      name: plural(left.length, "smaller one"),
      folder: "",
      bytes,
      files,
      hue: undefined,
      open: undefined,
      point() {},
    };
    lines.push(tableRow(rest, whole));
  }
  body.replaceChildren(...lines);
}

function tableRow(row: Row, whole: number): HTMLTableRowElement {
  const tr = document.createElement("tr");
  const share = whole > 0 ? row.bytes / whole : 0;
  const name = document.createElement("td");
  const word = document.createElement(row.open === undefined ? "span" : "button");
  word.textContent = printableLine(row.name);
  word.title = word.textContent;
  if (row.open !== undefined) {
    word.setAttribute("type", "button");
    word.addEventListener("click", row.open);
  }
  const swatch = document.createElement("i");
  if (row.hue === undefined) tr.className = "gray";
  else tr.style.setProperty("--hue", row.hue.toFixed(0));
  const line = document.createElement("span");
  line.className = "name";
  line.append(swatch, word);
  if (row.folder !== "") line.append(folderLine(row.folder));
  name.append(line);
  const part = cell(share >= 0.0005 ? `${(100 * share).toFixed(1)} %` : "");
  tr.style.setProperty("--share", `${(100 * share).toFixed(2)}%`);
  tr.append(name, cell(formatBytes(row.bytes)), part, cell(grouped(row.files)));
  tr.addEventListener("pointerenter", () => row.point(true));
  tr.addEventListener("pointerleave", () => row.point(false));
  tr.dataset["bytes"] = String(row.bytes);
  return tr;
}

/** A folder whose end is what tells, so its beginning is what gets cut off. */
function folderLine(folder: string): HTMLElement {
  const line = document.createElement("small");
  const path = document.createElement("bdi");
  path.textContent = printableLine(folder);
  line.append(path);
  return line;
}

function cell(text: string): HTMLTableCellElement {
  const td = document.createElement("td");
  td.textContent = text;
  return td;
}
