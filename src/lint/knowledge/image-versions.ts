/**
 * Whether an image's name has a version outside of its tag, as in `vault.habana.ai/gaudi-docker/1.21.0/ubuntu22.04/...`: the tag then tells builds of
 * that version apart.
 */
export function versionInName(image: string): boolean {
  return image
    .replace(/[:@][^/]*$/, "")
    .split("/")
    .slice(1)
    .some((part) => /^v?\d+\.\d+\.\d+$/.test(part));
}
