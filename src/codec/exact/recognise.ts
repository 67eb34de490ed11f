import { candidatesFor } from "./candidates.ts";
import { DeflateCorrector } from "./corrections/corrector.ts";
import type { ExactEncoder } from "./encoder.ts";
import type { GzipHeader } from "./gzip-header.ts";
import type { GzipListener } from "./gzip-members.ts";
import { correctedEncoder, mostMembers, type PackingRecipe } from "./packing-recipe.ts";
import { PackedStretch, Trial } from "./trial.ts";

/** So much of a member decides who may have packed it: a block of pgzip, and so much more that what goes on without its end comes out, too. */
const headSize = (1 << 20) + (256 << 10);
/** So many encoders are run behind the head at the same time, where several give the same bytes so far. */
const mostRunners = 3;
/**
 * So many bytes of a member may wait for their plain bytes, or for an encoder that is behind; a stream of blocks that stand for nothing makes
 * them wait for ever.
 */
const mostHeld = 8 << 20;
/** Of so many members it is found out anew who packed them, which takes up to seconds each; real streams have one packer, or a few. */
const mostSearches = 256;
/** So many members up to this size are carried as they are where no encoder explains them; each costs a trial of many encoders. */
const mostStrangers = 16;
const literalSize = 4 << 10;
/**
 * Of a member that no encoder explains so much may be told by corrections: a hundredth of its packed bytes, and some for its beginning; of all
 * together so much.
 */
const correctedShare = 1 / 100;
const correctedStart = 256;
const mostCorrections = 512 << 10;
/** Of headers, where they are not those of the member before, so much is told. */
const mostHeaders = 512 << 10;
/** So many zeros may stand behind the last member. */
const mostPadding = 256 << 10;
/** What ends a block of those who pack in blocks: an empty stored block. */
const blockEnd = Buffer.from([0, 0, 0xff, 0xff]);

/**
 * Finds out while a gzip stream is unpacked how it was packed. `recipe` is there once the stream is over, and only where an encoder gave
 * every byte of it, or where corrections say what no encoder explains; these have still to be tried.
 */
export class GzipRecogniser implements GzipListener {
  readonly #recipe: PackingRecipe = [];
  #failed = false;
  #member: Member | undefined;
  #last: ExactEncoder | undefined;
  #strangers = 0;
  #corrections = 0;
  #headers = 0;
  #members = 0;
  #searches = 0;
  /** Zeros behind the last member. */
  #padding = 0;

  /** How the stream was packed; undefined where that is not known. */
  get recipe(): PackingRecipe | undefined {
    if (this.#failed) return undefined;
    if (this.#padding === 0) return this.#recipe;
    return [...this.#recipe, { literal: Buffer.alloc(this.#padding).toString("base64"), size: 0 }];
  }

  /** How a stream that is not over was packed so far, once its beginning has decided; a guess. */
  get guess(): PackingRecipe | undefined {
    const encoder = this.#member?.leading;
    if (encoder === undefined || this.#recipe.length > 0) return undefined;
    return [{ encoder: encoder.id, header: this.#member?.header.toString("base64") ?? "", sizes: [] }];
  }

  /** Whether `guess` will not change for the better any more. */
  get isDecided(): boolean {
    return this.#failed || this.#recipe.length > 0 || this.#member?.isDecided === true;
  }

  header(header: GzipHeader, bytes: Buffer): void {
    if (!this.#failed) this.#member = new Member(header, bytes, this.#last);
  }

  packed(bytes: Buffer): void {
    if (this.#failed || this.#member === undefined) return;
    this.#member.packed(bytes);
    if (this.#member.isLost) this.#fail();
  }

  plain(bytes: Buffer): void {
    if (this.#failed || this.#member === undefined) return;
    this.#member.plain(bytes);
    // A member that is too large to be carried as it is ends it all.
    if (this.#member.isLost) this.#fail();
  }

  end(trailer: Buffer): void {
    if (this.#failed || this.#member === undefined) return;
    const member = this.#member;
    const trial = member.finish();
    this.#members++;
    if (member.wasSearched) this.#searches++;
    if (this.#members > mostMembers || this.#searches > mostSearches) this.#fail();
    else if (trial !== undefined) this.#addMember(trial, member);
    else if (member.literal === undefined) this.#addCorrected(member);
    else this.#addLiteral(Buffer.concat([member.literal, trailer]), member);
  }

  padding(bytes: Buffer): void {
    this.#padding += bytes.length;
    if (this.#padding > mostPadding) this.#fail();
  }

  #addMember({ encoder, gave: { id } }: Trial, member: Member): void {
    this.#last = encoder;
    const header = member.header.toString("base64");
    const last = this.#recipe.at(-1);
    if (last !== undefined && "encoder" in last && last.encoder === id && last.header === header) {
      last.sizes.push(member.size);
    } else this.#add({ encoder: id, header, sizes: [member.size] }, member);
  }

  #addCorrected(member: Member): void {
    const corrections = member.corrections;
    this.#corrections += corrections?.length ?? 0;
    if (corrections === undefined || this.#corrections > mostCorrections) {
      this.#fail();
      return;
    }
    const header = member.header.toString("base64");
    const told = Buffer.from(corrections).toString("base64");
    this.#add({ encoder: correctedEncoder, header, sizes: [member.size], corrections: told }, member);
  }

  #addLiteral(bytes: Buffer, member: Member): void {
    this.#strangers++;
    if (this.#strangers > mostStrangers) this.#fail();
    else this.#add({ literal: bytes.toString("base64"), size: member.size }, member);
  }

  #add(members: PackingRecipe[number], { header }: Member): void {
    this.#headers += header.length;
    if (this.#headers > mostHeaders) this.#fail();
    else this.#recipe.push(members);
  }

  #fail(): void {
    this.#failed = true;
    this.#member = undefined;
  }
}

/** One member on its way through. */
class Member {
  readonly header: Buffer;
  readonly #rounds: Iterable<readonly ExactEncoder[]>;
  readonly #stretch = new PackedStretch();
  /** The plain bytes up to `headSize`; undefined once they have decided. */
  #head: Buffer[] | undefined = [];
  #headLength = 0;
  #trials: Trial[] = [];
  #start: Buffer[] = [];
  /** Where no encoder explains the member. */
  #corrector: DeflateCorrector | undefined;
  /** Plain bytes. */
  size = 0;
  /** Whether more than the encoder of the member before had to be tried. */
  wasSearched = false;

  readonly #likelyLevel: number;

  constructor(header: GzipHeader, bytes: Buffer, last: ExactEncoder | undefined) {
    this.#likelyLevel = header.effort === 4 ? 1 : header.effort === 2 ? 9 : 6;
    this.header = Buffer.from(bytes);
    this.#rounds = candidatesFor(header, last);
  }

  /** Whether neither an encoder nor corrections nor its small size can make it again, or it would take too much memory to say so. */
  get isLost(): boolean {
    if (this.#stretch.held > mostHeld) return true;
    const isUnexplained = this.#head === undefined && this.#trials.length === 0;
    return isUnexplained && this.#stretch.length > literalSize && !this.#isCorrectable;
  }

  /** Where no encoder explains the member, once it is over: what makes it again, unless that is too much. */
  get corrections(): Uint8Array | undefined {
    return this.#isCorrectable ? this.#corrector?.finish() : undefined;
  }

  get #isCorrectable(): boolean {
    const most = Math.min(mostCorrections, correctedStart + this.#stretch.length * correctedShare);
    return this.#corrector !== undefined && this.#corrector.size <= most;
  }

  get isDecided(): boolean {
    return this.#head === undefined;
  }

  /** The likeliest of those that gave all bytes so far. */
  get leading(): ExactEncoder | undefined {
    return this.#trials[0]?.encoder;
  }

  /** The member's header and deflate stream, where they are small. */
  get literal(): Buffer | undefined {
    return this.#stretch.length > literalSize ? undefined : Buffer.concat([this.header, ...this.#start]);
  }

  packed(bytes: Buffer): void {
    if (this.#stretch.length <= literalSize) this.#start.push(bytes);
    this.#stretch.append(bytes);
    this.#corrector?.write(bytes);
  }

  plain(bytes: Buffer): void {
    this.size += bytes.length;
    if (this.#head === undefined) {
      this.#run(bytes);
      return;
    }
    this.#head.push(Buffer.from(bytes));
    this.#headLength += bytes.length;
    if (this.#headLength >= headSize) this.#decide((trial) => trial.fits && trial.matched > 0);
  }

  /** Who packed it, now that it is over. */
  finish(): Trial | undefined {
    if (this.#head !== undefined) this.#decide((trial) => trial.finish());
    else this.#trials = this.#trials.filter((trial) => trial.finish());
    return this.#trials[0];
  }

  #run(bytes: Buffer): void {
    for (const trial of this.#trials) trial.write(bytes);
    this.#trials = this.#trials.filter(({ fits }) => fits);
    this.#stretch.forget(Math.min(this.#stretch.length, ...this.#trials.map(({ matched }) => matched)));
  }

  /** Tries candidates on the head, round by round, until some fit. */
  #decide(fits: (trial: Trial) => boolean): void {
    const head = this.#head ?? [];
    this.#head = undefined;
    this.#tryRounds(head, fits);
    if (this.#trials.length > 0 || this.#stretch.length <= literalSize) return;
    this.#corrector = new DeflateCorrector(this.#likelyLevel);
    for (const bytes of this.#stretch.chunks) this.#corrector.write(bytes);
  }

  #tryRounds(head: readonly Buffer[], fits: (trial: Trial) => boolean): void {
    const hasBlocks = this.#stretch.includes(blockEnd);
    for (const round of this.#rounds) {
      for (const encoder of round) {
        if (encoder.blocks !== undefined && !hasBlocks) continue;
        const trial = new Trial(encoder, this.#stretch);
        for (const bytes of head) trial.write(bytes);
        if (fits(trial)) this.#trials.push(trial);
        if (this.#trials.length === mostRunners) return;
      }
      if (this.#trials.length > 0) return;
      this.wasSearched = true;
    }
  }
}
