/** How to write for the screen that is there. */
export interface Ink {
  paint(style: "red" | "green" | "yellow" | "bold" | "dim", text: string): string;
  /** Makes text from outside harmless. */
  printable(text: string): string;
  /** Columns. */
  readonly width: number;
}
