import { type BitCoder, codeNumber, codeValue, contexts, numberContexts } from "./bit-coder.ts";
import type { Predictor } from "./predictor.ts";

/** What was foretold: no match was found; one begins at the next byte; a short match; a longer one. */
const kinds = 4;
const shortMatch = 6;
const farthest = 1 << 15;

/** How tokens are coded: by whether they are what was foretold, and else by how they differ. */
export class TokenModel {
  private readonly coder: BitCoder;
  private readonly predictor: Predictor;
  private readonly hits = contexts(kinds * 16);
  private readonly isLiteral = contexts(kinds);
  private readonly sameDistance = contexts(kinds);
  private readonly lengths = contexts(kinds * 256);
  private readonly ranks = contexts(2 * numberContexts);
  private readonly distances = contexts(farthest);
  /** Which of the last four tokens were foretold, the latest lowest. */
  private history = 15;

  constructor(coder: BitCoder, predictor: Predictor) {
    this.coder = coder;
    this.predictor = predictor;
  }

  /** Codes the next token. What is read may be longer than what is left, or no token for these bytes: who reads must check. */
  code(token: number): number {
    const { coder, predictor } = this;
    const foretold = predictor.predict();
    const kind = foretold < 256 ? (predictor.isPutOff ? 1 : 0) : (foretold & 255) + 3 < shortMatch ? 2 : 3;
    const hit = coder.bit(this.hits, 16 * kind + this.history, token === foretold ? 1 : 0);
    this.history = ((this.history << 1) | hit) & 15;
    const coded = hit === 1 ? foretold : this.codeOther(token, foretold, kind);
    predictor.accept(coded < 256 ? 1 : (coded & 255) + 3);
    return coded;
  }

  private codeOther(token: number, foretold: number, kind: number): number {
    const { coder, predictor } = this;
    const { bytes, at } = predictor;
    if (kind > 1 && coder.bit(this.isLiteral, kind, token < 256 ? 1 : 0) === 1) return bytes[at]!;
    const length = codeValue(coder, this.lengths, 256 * kind, 8, token & 255);
    const before = foretold >>> 8;
    const given = token >>> 8;
    if (kind > 1 && coder.bit(this.sameDistance, kind, given === before ? 1 : 0) === 1)
      return (before << 8) | length;
    const base = length < shortMatch ? 0 : numberContexts;
    const known = given === 0 ? 0 : predictor.rankOf(given, length + 3);
    const rank = codeNumber(coder, this.ranks, base, known);
    const distance =
      rank === 0
        ? codeValue(coder, this.distances, 0, 15, given - 1) + 1
        : given !== 0
          ? given
          : predictor.distanceOf(rank, length + 3);
    return (distance << 8) | length;
  }
}
