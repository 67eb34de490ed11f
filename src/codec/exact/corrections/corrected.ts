import { BitOutput } from "../bit-output.ts";
import { DynamicHeader } from "../dynamic-header.ts";
import type { DeflateEncoder, DeflateMaker } from "../encoder.ts";
import { fixedDistances, fixedLiterals } from "../fixed-codes.ts";
import { PrefixCode } from "../prefix-code.ts";
import { distanceSymbols, endOfBlock, literalSymbols } from "../symbols.ts";
import { putTokens } from "../tokens.ts";
import { BitDecoder } from "./bit-coder.ts";
import { blockTypes } from "./deflate-reader.ts";
import { leastAhead } from "./predictor.ts";
import { mostTokens, StreamModel } from "./stream-model.ts";

const headerBytes = 640;
/** So many tokens are put at once, for which there is room. */
const tokensAtOnce = 1 << 15;

/**
 * The deflate stream that `DeflateCorrector` was given, from the bytes that it unpacks to. Throws a RangeError where the corrections cannot be for
 * these bytes; what is made of wrong ones is some other stream, which its digest tells.
 */
export function correctedDeflate(corrections: Uint8Array): DeflateMaker {
  return (emit) => new CorrectedDeflate(corrections, emit);
}

class CorrectedDeflate implements DeflateEncoder {
  private readonly model: StreamModel;
  private readonly output: BitOutput;
  private readonly header = new DynamicHeader();
  private readonly literalCode = new PrefixCode(literalSymbols);
  private readonly distanceCode = new PrefixCode(distanceSymbols);
  private state: "block" | "stored" | "tokens" | "over" = "block";
  private last = false;
  private type = 0;
  private storedSize = 0;

  constructor(corrections: Uint8Array, emit: (bytes: Uint8Array) => void) {
    this.model = new StreamModel(new BitDecoder(corrections), 0);
    this.output = new BitOutput(emit);
  }

  write(input: Uint8Array): void {
    for (let rest = input; rest.length > 0; ) {
      // Nothing would make room for them any more.
      if (this.state === "over") throw new RangeError("corrections are for other bytes");
      rest = rest.subarray(this.model.predictor.append(rest));
      this.run(false);
    }
  }

  finish(): void {
    this.run(true);
    const { at, end } = this.model.predictor;
    if (this.state !== "over" || at !== end) throw new RangeError("corrections are for other bytes");
    this.output.align();
    this.output.flush();
  }

  private run(isAll: boolean): void {
    const { predictor } = this.model;
    while (this.state !== "over") {
      const ahead = predictor.end - predictor.at;
      if (this.state === "block") this.beginBlock();
      else if (this.state === "stored" && ahead >= this.storedSize + (isAll ? 0 : leastAhead)) this.store();
      else if (this.state === "tokens" && (isAll || ahead >= leastAhead)) this.readToken(ahead);
      else return;
    }
  }

  private beginBlock(): void {
    const { model } = this;
    const value = model.codeBlock(0);
    this.last = (value & 1) === 1;
    this.type = value >>> 1;
    if (this.type === blockTypes.stored) {
      this.storedSize = model.codeStoredSize(0);
      if (this.storedSize > 0xffff) throw new RangeError("corrections name too large a block");
      this.state = "stored";
    } else if (this.type <= blockTypes.dynamic) this.state = "tokens";
    else throw new RangeError("corrections name a block that there is not");
  }

  private store(): void {
    const { output, storedSize } = this;
    const { predictor } = this.model;
    output.reserve(storedSize + headerBytes);
    output.put(this.last ? 1 : 0, 3);
    output.align();
    output.put(storedSize, 16);
    output.put(storedSize ^ 0xffff, 16);
    output.putBytes(predictor.bytes, predictor.at, predictor.at + storedSize);
    predictor.skip(storedSize);
    this.state = this.last ? "over" : "block";
  }

  private readToken(ahead: number): void {
    const { model } = this;
    if (model.codeEnd(0) === 1) {
      this.endBlock();
      return;
    }
    if (ahead === 0 || model.tokenCount === mostTokens)
      throw new RangeError("corrections are for other bytes");
    const token = model.codeToken(0);
    if (token < 256) return;
    const distance = token >>> 8;
    if ((token & 255) + 3 > ahead || distance === 0) throw new RangeError("corrections are for other bytes");
  }

  private endBlock(): void {
    const { model, output, header } = this;
    const isDynamic = this.type === blockTypes.dynamic;
    model.codeCodes(isDynamic ? header : undefined);
    output.reserve(headerBytes);
    if (isDynamic) {
      this.literalCode.assign(model.codes.literalLengths);
      this.distanceCode.assign(model.codes.distanceLengths);
      header.put(output, this.last);
    } else output.put(this.last ? 3 : 2, 3);
    const literalCode = isDynamic ? this.literalCode : fixedLiterals;
    const distanceCode = isDynamic ? this.distanceCode : fixedDistances;
    for (let at = 0; at < model.tokenCount; at += tokensAtOnce) {
      const end = Math.min(at + tokensAtOnce, model.tokenCount);
      output.reserve(6 * (end - at) + headerBytes);
      putTokens(output, model.tokens.subarray(at, end), end - at, literalCode, distanceCode);
    }
    output.put(literalCode.codes[endOfBlock]!, literalCode.lengths[endOfBlock]!);
    this.state = this.last ? "over" : "block";
  }
}
