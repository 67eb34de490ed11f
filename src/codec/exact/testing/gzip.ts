import { gunzipMembers } from "../gzip-members.ts";
import { GzipRecogniser } from "../recognise.ts";
import { repacked } from "../repack.ts";
import { cut, gathered } from "./streams.ts";

/** A header as Go writes it. */
export const plainHeader = Buffer.from([31, 139, 8, 0, 0, 0, 0, 0, 0, 255]);

/** One member as an encoder and a header make it. */
export async function packedBy(id: string, plain: Buffer, header: Buffer = plainHeader): Promise<Buffer> {
  const recipe = [{ encoder: id, header: header.toString("base64"), sizes: [plain.length] }];
  return gathered(repacked(cut(plain), recipe, "the sample"));
}

/** What a stream holds, and what was found out of how it was packed. */
export async function watched(
  packed: Buffer,
  piece?: number,
): Promise<{ plain: Buffer; recogniser: GzipRecogniser }> {
  const recogniser = new GzipRecogniser();
  return { plain: await gathered(gunzipMembers(cut(packed, piece), recogniser, "the sample")), recogniser };
}
