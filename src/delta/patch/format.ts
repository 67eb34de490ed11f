/** The columns of a patch, in the order in which `take()` gives them. */
export const columnNames = [
  "pieces",
  "literal lengths",
  "copy lengths",
  "seeks",
  "gaps",
  "runs",
  "differences",
] as const;

/** Longest run of bytes handled at a time by encoder and decoder. */
export const blockLength = 256 * 1024;
