import { DdiffError } from "../../util/errors.ts";
import { correctedDeflate } from "./corrections/corrected.ts";
import type { DeflateMaker, ExactEncoder } from "./encoder.ts";
import { correctedEncoder } from "./packing-recipe.ts";

/** The encoder that corrections, in base64, make; it throws `RECIPE_INVALID` where they are for other bytes. */
export function encoderOfCorrections(corrections: string, what: string): ExactEncoder {
  const guard = <T>(act: () => T): T => {
    try {
      return act();
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new DdiffError("RECIPE_INVALID", `${what} cannot be packed again: ${cause.message}`, { cause });
    }
  };
  const make: DeflateMaker = (emit) => {
    const encoder = guard(() => correctedDeflate(Buffer.from(corrections, "base64"))(emit));
    return {
      write: (input) => guard(() => encoder.write(input)),
      finish: () => guard(() => encoder.finish()),
    };
  };
  return { id: correctedEncoder, make };
}
