import type { Readable } from "node:stream";
import { algorithmOf, Digester, type Digest } from "../oci/digest.ts";
import { DdiffError } from "../util/errors.ts";
import { readableOf } from "../util/readable.ts";

/**
 * The same bytes, checked on their way: the result ends normally only when they have the expected digest and size (bytes).
 * Throws `SIZE_MISMATCH` as soon as there are too many, at the end `SIZE_MISMATCH` or `DIGEST_MISMATCH`; `what` names the
 * thing in the error. Errors of the source come through; destroying the result destroys the source.
 * (image-spec, descriptor.md, "Verification")
 */
export function verified(
  stream: Readable,
  expected: { digest: Digest; size?: number },
  what: string,
): Readable {
  return readableOf(check(stream, expected, what), () => stream.destroy());
}

async function* check(
  stream: AsyncIterable<Buffer>,
  expected: { digest: Digest; size?: number },
  what: string,
): AsyncGenerator<Buffer, void, void> {
  const { digest, size } = expected;
  const digester = new Digester(algorithmOf(digest));
  for await (const chunk of stream) {
    digester.update(chunk);
    if (size !== undefined && digester.size > size) {
      throw mismatch("SIZE_MISMATCH", `${what} is longer than the ${size} bytes it should have`);
    }
    yield chunk;
  }
  if (size !== undefined && digester.size !== size) {
    throw mismatch("SIZE_MISMATCH", `${what} ends after ${digester.size} of ${size} bytes`);
  }
  const found = digester.digest();
  if (found !== digest) throw mismatch("DIGEST_MISMATCH", `${what} should be ${digest} but is ${found}`);
}

function mismatch(code: string, sentence: string): DdiffError {
  return new DdiffError(code, sentence, {
    hint: "The data was damaged on its way or at rest: fetch it again.",
  });
}
