import type { DynamicHeader } from "../dynamic-header.ts";
import { distanceSymbols, endOfBlock } from "../symbols.ts";
import { countSymbols } from "../tokens.ts";
import { type BitCoder, codeNumber, codeValue, contexts, numberContexts } from "./bit-coder.ts";
import { CodeModel } from "./code-model.ts";
import { efforts, Predictor } from "./predictor.ts";
import { TokenModel } from "./token-model.ts";

/** Blocks with more tokens are not corrected: they would have to be held in memory. */
export const mostTokens = 1 << 20;

/** So many more blocks may be empty than there are tokens and stored bytes, lest a few corrections make an endless stream. */
const mostEmpty = 1000;

/**
 * How a deflate stream is coded beside the bytes that it unpacks to, in the order of its blocks: each method codes what it is given, or, who reads,
 * gives what was coded.
 */
export class StreamModel {
  readonly predictor: Predictor;
  readonly codes: CodeModel;
  /** Tokens of the block. */
  readonly tokens = new Int32Array(mostTokens);
  tokenCount = 0;
  private readonly coder: BitCoder;
  private readonly tokenModel: TokenModel;
  private readonly types = contexts(16 * 8);
  private readonly ends = contexts(2);
  private readonly sizes = contexts(numberContexts);
  private readonly literalCounts = new Int32Array(288);
  private readonly distanceCounts = new Int32Array(distanceSymbols);
  private lastType = 0;
  /** Bytes of the block, where it is stored. */
  private storedSize = 0;
  private empty = 0;
  /** Tokens of the block before: many encoders have always as many. */
  private usual = 0;

  constructor(coder: BitCoder, level: number) {
    this.coder = coder;
    const number = codeValue(coder, contexts(16), 0, 4, level);
    const effort = efforts[number];
    if (effort === undefined) throw new RangeError("corrections name a level that there is not");
    this.predictor = new Predictor(effort);
    this.tokenModel = new TokenModel(coder, this.predictor);
    this.codes = new CodeModel(coder);
  }

  /** Begins a block: whether it is the last, and its type << 1. Throws a RangeError where too many are empty. */
  codeBlock(given: number): number {
    const content = this.tokenCount + this.storedSize;
    this.empty = content === 0 ? this.empty + 1 : Math.max(0, this.empty - content);
    if (this.empty > mostEmpty) throw new RangeError("corrections name too many empty blocks");
    const value = codeValue(this.coder, this.types, 8 * this.lastType, 3, given);
    this.lastType = value >>> 1;
    this.tokenCount = 0;
    this.storedSize = 0;
    return value;
  }

  codeStoredSize(given: number): number {
    this.storedSize = codeNumber(this.coder, this.sizes, 0, given);
    return this.storedSize;
  }

  /** Whether the block ends before the next token. */
  codeEnd(given: number): number {
    return this.coder.bit(this.ends, this.tokenCount === this.usual ? 1 : 0, given);
  }

  codeToken(given: number): number {
    const token = this.tokenModel.code(given);
    this.tokens[this.tokenCount++] = token;
    return token;
  }

  /** Ends a block of tokens; with a header where it has codes of its own. */
  codeCodes(header: DynamicHeader | undefined): void {
    const { literalCounts, distanceCounts } = this;
    this.usual = this.tokenCount;
    if (header === undefined) return;
    literalCounts.fill(0);
    distanceCounts.fill(0);
    countSymbols(this.tokens, this.tokenCount, literalCounts, distanceCounts);
    literalCounts[endOfBlock] = 1;
    this.codes.code(header, literalCounts, distanceCounts);
  }
}
