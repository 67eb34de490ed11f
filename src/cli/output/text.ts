import { styleText } from "node:util";

/** The parts of a terminal stream that decide about colours. */
export interface Screen {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** How a word may look. */
export type Style = "red" | "green" | "yellow" | "cyan" | "bold" | "dim";

/** Colours a text where it goes to a terminal that wants colours (https://no-color.org). */
export function paint(
  style: Style,
  text: string,
  screen: Screen,
  env: Record<string, string | undefined>,
): string {
  if (screen.isTTY !== true || env["NO_COLOR"] || env["TERM"] === "dumb") return text;
  return styleText(style, text, { validateStream: false });
}
