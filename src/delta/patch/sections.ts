import type { ByteReader, ByteWriter } from "../../util/varint.ts";
import type { Alignment } from "./alignment.ts";
import type { Bytes } from "../../util/random-bytes.ts";
import { readExecutable, type Section } from "./executable.ts";
import { invalidPatch } from "./format.ts";
import { Relinker, addressKinds, type AddressKind, type SectionPair, type SectionPairs } from "./relink.ts";

/** Pairs the sections of two executables of one machine by name, undefined for other files. Kinds are not set yet. */
export function pairSections(base: Bytes, target: Bytes): SectionPairs | undefined {
  const old = readExecutable(base);
  const now = readExecutable(target);
  if (old === undefined || now === undefined || old.machine !== now.machine) return undefined;
  const partners = new Map<string, Section>();
  for (const section of now.sections) if (!partners.has(section.name)) partners.set(section.name, section);
  const pairs: SectionPair[] = [];
  for (const section of old.sections) {
    const partner = partners.get(section.name);
    if (partner === undefined) continue;
    partners.delete(section.name);
    pairs.push({
      kind: section.code ? (old.machine === "arm64" ? 2 : 1) : 0,
      offset: section.offset,
      length: section.length,
      address: section.address,
      size: section.size,
      code: section.code,
      targetOffset: partner.offset,
      targetLength: partner.length,
      targetAddress: partner.address,
    });
  }
  return pairs.length === 0 ? undefined : { imageBase: old.imageBase, targetImageBase: now.imageBase, pairs };
}

const sample = 4096;
const samples = 48;

/** Chooses for each section of data the kind of addresses that foresees most of it, judged by samples of its copies. */
export function chooseKinds(sections: SectionPairs, base: Bytes, target: Bytes, piece: Alignment): void {
  const relinker = new Relinker(sections, piece);
  relinker.learning = false;
  for (const section of sections.pairs) {
    if (section.length === 0) continue;
    const spots = spotsOf(section, piece);
    const every = Math.max(1, Math.ceil(spots.length / samples));
    const kinds: AddressKind[] = section.code ? [0, section.kind] : [0, 3, 4, 5, 6, 7];
    const wrong = new Map<AddressKind, number>(kinds.map((kind) => [kind, 0]));
    for (let k = 0; k < spots.length; k += every) {
      const { from, to, length } = spots[k]!;
      const now = new Uint8Array(target.read(to, length));
      const old = new Uint8Array(base.read(from, length));
      for (const kind of kinds) {
        section.kind = kind;
        const block = old.slice();
        relinker.predict(block, from, to);
        let bad = 0;
        for (let i = 0; i < length; i++) if (block[i] !== now[i]) bad++;
        wrong.set(kind, wrong.get(kind)! + bad);
      }
    }
    section.kind = kinds.reduce((best, kind) => (wrong.get(kind)! < wrong.get(best)! ? kind : best));
  }
}

function spotsOf(section: SectionPair, piece: Alignment): { from: number; to: number; length: number }[] {
  const spots: { from: number; to: number; length: number }[] = [];
  let at = piece.targetOffset;
  for (let k = 0; k < piece.count; k++) {
    at += piece.literals[k]!;
    const from = piece.from[k]!;
    const begin = Math.max(0, section.offset - from);
    const end = Math.min(piece.copies[k]!, section.offset + section.length - from);
    for (let i = begin; i < end; i += sample) {
      spots.push({ from: from + i, to: at + i, length: Math.min(sample, end - i) });
    }
    at += piece.copies[k]!;
  }
  return spots;
}

/** Writes the pairs as numbers; none at all is a single 0. */
export function writeSections(column: ByteWriter, sections: SectionPairs | undefined): void {
  column.unsigned(sections?.pairs.length ?? 0);
  if (sections === undefined) return;
  column.unsigned(sections.imageBase);
  column.unsigned(sections.targetImageBase);
  for (const s of sections.pairs) {
    column.unsigned(s.kind * 2 + (s.code ? 1 : 0));
    for (const value of [
      s.offset,
      s.length,
      s.address,
      s.size,
      s.targetOffset,
      s.targetLength,
      s.targetAddress,
    ]) {
      column.unsigned(value);
    }
  }
}

/** Reads what `writeSections` wrote. */
export function readSections(column: ByteReader): SectionPairs | undefined {
  const count = column.unsigned();
  if (count === 0) return undefined;
  if (count > column.remaining) throw invalidPatch("it names more sections than it holds");
  const imageBase = column.unsigned();
  const targetImageBase = column.unsigned();
  const pairs: SectionPair[] = [];
  for (let k = 0; k < count; k++) {
    const flags = column.unsigned();
    const kind = flags >>> 1;
    if (flags >= addressKinds * 2) throw invalidPatch("it names an unknown kind of section");
    pairs.push({
      kind: kind as AddressKind,
      code: flags % 2 === 1,
      offset: column.unsigned(),
      length: column.unsigned(),
      address: column.unsigned(),
      size: column.unsigned(),
      targetOffset: column.unsigned(),
      targetLength: column.unsigned(),
      targetAddress: column.unsigned(),
    });
  }
  return { imageBase, targetImageBase, pairs };
}
