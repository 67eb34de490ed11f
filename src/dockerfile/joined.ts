import type { Joined } from "./document.ts";

/** Collects pieces of a file into one text that knows where each of its characters came from. */
export interface Joiner {
  /** Adds the file's text from `start` to `end`. */
  add(start: number, end: number): void;
  done(): Joined;
}

interface Piece {
  /** In the joined text. */
  at: number;
  /** In the file. */
  start: number;
}

/** Joins parts of `file`. */
export function joiner(file: string): Joiner {
  const pieces: Piece[] = [];
  let text = "";
  let last = 0;
  return {
    add(start, end) {
      if (end <= start && pieces.length > 0) return;
      pieces.push({ at: text.length, start });
      text += file.slice(start, end);
      last = end;
    },
    done() {
      return joinedOf(text, pieces, last);
    },
  };
}

function joinedOf(text: string, pieces: readonly Piece[], last: number): Joined {
  return {
    text,
    offset(at) {
      if (at >= text.length) return last;
      let low = 0;
      let high = pieces.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((pieces[middle]?.at ?? 0) <= at) low = middle;
        else high = middle - 1;
      }
      const piece = pieces[low];
      return piece === undefined ? last : piece.start + (at - piece.at);
    },
  };
}

/** A part of a joined text, blanks around it left out. */
export function part(joined: Joined, from: number, to = joined.text.length): Joined {
  let start = from;
  let end = to;
  while (start < end && isBlank(joined.text, start)) start += 1;
  while (end > start && isBlank(joined.text, end - 1)) end -= 1;
  const text = joined.text.slice(start, end);
  // The end of a part is the place after its last character: what follows may stand lines further down.
  const last = end > start ? joined.offset(end - 1) + 1 : joined.offset(start);
  return { text, offset: (at) => (at >= text.length ? last : joined.offset(start + at)) };
}

function isBlank(text: string, at: number): boolean {
  const char = text.charCodeAt(at);
  return char === 32 || (char >= 9 && char <= 13) || char === 0xa0 || char === 0x85;
}
