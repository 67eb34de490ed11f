import type { Picture } from "./picture.ts";

/** Reads the picture that the page carries: JSON, deflated, in base64. */
export async function loadPicture(base64: string): Promise<Picture> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const picture = (await new Response(stream).json()) as Picture;
  // The folders of leaves stand as differences.
  let folder = 0;
  picture.leaves.folder = picture.leaves.folder.map((step) => (folder += step));
  return picture;
}
