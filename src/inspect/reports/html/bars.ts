import { htmlText } from "./table.ts";

/** A part of a bar: its kind names its colour. */
interface BarPart {
  kind: string;
  bytes: number;
  /** What a pointer over it says. */
  text: string;
}

/** A bar with its name in front and its sum behind. */
export interface Bar {
  name: string;
  size: string;
  parts: readonly BarPart[];
}

const width = 1000;
const rowHeight = 26;
const barHeight = 18;
const nameWidth = 300;
const sizeWidth = 90;

/** Bars under each other, all to one scale, as a picture that needs no script. Empty where there is nothing to draw. */
export function barPicture(label: string, bars: readonly Bar[]): string {
  const longest = Math.max(0, ...bars.map(({ parts }) => parts.reduce((sum, { bytes }) => sum + bytes, 0)));
  if (longest === 0) return "";
  const scale = (width - nameWidth - sizeWidth) / longest;
  const rows = bars.map((bar, row) => drawBar(bar, row * rowHeight, scale));
  return `<svg class="bars" viewBox="0 0 ${width} ${bars.length * rowHeight}" role="img" aria-label="${htmlText(label)}">${rows.join("\n")}</svg>`;
}

function drawBar({ name, size, parts }: Bar, top: number, scale: number): string {
  let left = nameWidth;
  const drawn = parts.map(({ kind, bytes, text }) => {
    const long = bytes * scale;
    const at = left;
    left += long;
    return `<rect class="${kind}" x="${at.toFixed(1)}" y="${top + 4}" width="${Math.max(long, bytes > 0 ? 0.5 : 0).toFixed(1)}" height="${barHeight}"><title>${htmlText(text)}</title></rect>`;
  });
  const middle = top + 4 + barHeight / 2;
  return `<text class="name" x="${nameWidth - 8}" y="${middle}">${htmlText(shorten(name))}</text>${drawn.join("")}<text class="size" x="${(left + 6).toFixed(1)}" y="${middle}">${size}</text>`;
}

/** What fits in front of a bar; the end of a name tells more than its beginning. */
function shorten(name: string): string {
  const letters = Array.from(name);
  return letters.length <= 40 ? name : `…${letters.slice(-39).join("")}`;
}
