/** So many members one recipe may tell of, each of which is packed for itself. */
export const mostMembers = 1 << 20;

/** Members one behind the other that one encoder packed and that have the same header, or frames of zstd. */
interface PackedMembers {
  /** An encoder's id. */
  encoder: string;
  /** The header's bytes, in base64; none of zstd, where the encoder makes whole frames. */
  header?: string | undefined;
  /** Plain bytes of each member; none where the first MiB alone was looked at: one member takes all that comes. */
  sizes: number[];
  /** With the encoder `correctedEncoder`, of one member: what it does otherwise than foretold, in base64. */
  corrections?: string | undefined;
}

/** Packed bytes as they are, where that costs little: a member that no encoder explains, zeros behind the last one. */
interface LiteralMembers {
  /** In base64. */
  literal: string;
  /** How many plain bytes they stand for. */
  size: number;
}

/** Stands for whoever packed a member that no encoder explains, where a few corrections tell all that was chosen. */
export const correctedEncoder = "corrected";

/** How a gzip or zstd stream was made, so that its plain bytes can be packed to the very same bytes again. */
export type PackingRecipe = (PackedMembers | LiteralMembers)[];

/** Whether a recipe was made of the beginning alone. */
export function isGuess(recipe: PackingRecipe): boolean {
  return recipe.some((members) => "sizes" in members && members.sizes.length === 0);
}

/** The encoders that a recipe names, each once. */
export function encodersIn(recipe: PackingRecipe): string[] {
  return [...new Set(recipe.flatMap((members) => ("encoder" in members ? [members.encoder] : [])))];
}

/** Whether a recipe is of zstd frames. */
export function hasFrames(recipe: PackingRecipe): boolean {
  return recipe.some((members) => "encoder" in members && members.header === undefined);
}

/** Whether a recipe tells by corrections how to pack. */
export function hasCorrections(recipe: PackingRecipe): boolean {
  return recipe.some((members) => "corrections" in members);
}
