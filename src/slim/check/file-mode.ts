import type { TarType } from "../../tar/entry.ts";

const types: Partial<Record<TarType, string>> = {
  directory: "d",
  symlink: "L",
  block: "D",
  char: "Dc",
  fifo: "p",
};

/** A mode as Go's FileMode writes it, which is what `permissions` in checklists means: `-rwxr-xr-x`, `dtrwxrwxrwx`, `urwxr-xr-x`. */
export function modeText(type: TarType, mode: number): string {
  const kind = types[type] ?? "";
  // Go's order: D comes before the bits, c behind them.
  const bits = `${kind.slice(0, 1)}${mode & 0o4000 ? "u" : ""}${mode & 0o2000 ? "g" : ""}${kind.slice(1)}${mode & 0o1000 ? "t" : ""}`;
  const permissions = "rwxrwxrwx"
    .split("")
    .map((sign, at) => (mode & (0o400 >> at) ? sign : "-"))
    .join("");
  return `${bits === "" ? "-" : bits}${permissions}`;
}
