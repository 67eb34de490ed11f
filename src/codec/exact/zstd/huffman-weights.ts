import { FseTable, tableLog } from "./fse-table.ts";
import { type HuffmanCode, longestCode } from "./huffman-code.ts";
import type { PackedOutput } from "./packed-output.ts";

const longestLog = 6;
/** Weights up to so many can be written plainly. */
const mostPlain = 128;

/** Writes which symbol has a code of which length (RFC 8878, 4.2.1), as weights. */
export class HuffmanWeights {
  private readonly weights = new Uint8Array(256);
  private readonly table = new FseTable();

  /** Returns whether there is a way; there is none for many symbols whose weights cannot be packed. */
  write(code: HuffmanCode, out: PackedOutput): boolean {
    const { weights } = this;
    // The last weight is what is missing to a whole.
    const count = code.symbols - 1;
    for (let i = 0; i < count; i++) {
      const length = code.lengths[i]!;
      weights[i] = length === 0 ? 0 : code.longest + 1 - length;
    }
    const start = out.at++;
    if (this.pack(count, out)) {
      const size = out.at - start - 1;
      if (size < count && size < code.symbols >> 1) {
        out.bytes[start] = size;
        return true;
      }
    }
    out.at = start;
    if (count > mostPlain) return false;
    out.byte(mostPlain - 1 + count);
    weights[count] = 0;
    for (let i = 0; i < count; i += 2) out.byte((weights[i]! << 4) | weights[i + 1]!);
    return true;
  }

  /** Packs so many weights with two states in turn; returns whether that can be done. */
  private pack(count: number, out: PackedOutput): boolean {
    const { weights, table } = this;
    if (count < 3) return false;
    const { counts } = table;
    counts.fill(0, 0, longestCode + 1);
    for (let i = 0; i < count; i++) counts[weights[i]!]!++;
    let most = 0;
    for (let i = 0; i <= longestCode; i++) {
      if (counts[i] === 0) continue;
      table.symbols = i + 1;
      most = Math.max(most, counts[i]!);
    }
    if (most === count || most === 1) return false;
    table.fit(count, tableLog(count, table.symbols, longestLog, false));
    table.write(out);
    // Packed from the end: the first symbol to be read is of the first state.
    let last = table.firstState(weights[count - 1]!);
    let other = table.firstState(weights[count - 2]!);
    for (let i = count - 3; i >= 0; i--) {
      const weight = weights[i]!;
      const bits = (last + table.bitSteps[weight]!) >>> 16;
      out.bits(last, bits);
      const next = table.states[(last >> bits) + table.stateSteps[weight]!]!;
      last = other;
      other = next;
    }
    // The state that comes last in turn belongs to the second symbol.
    out.bits(last, table.log);
    out.bits(other, table.log);
    out.endBits();
    return true;
  }
}
