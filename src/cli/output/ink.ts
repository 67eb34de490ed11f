import type { Ink } from "../../report/ink.ts";
import { printable } from "../../report/text.ts";
import type { Call } from "../command.ts";

/** How a report writes to standard output, or, without colours, into a file. */
export function inkFor({ screen }: Pick<Call, "screen">, intoFile: boolean): Ink {
  return {
    width: screen.width,
    printable,
    paint: intoFile ? (_, text) => text : screen.paint,
  };
}
