/**
 * The file that a thread starts from, by its name in `src` without its ending: the source where this is source, a file of its own among the
 * chunks of the build, or one inside the standalone executable. A new one must be named in scripts/build.ts, scripts/standalone.ts and knip.json.
 */
export function threadFile(source: string): URL {
  const here = import.meta.url;
  if (process.versions["bun"] !== undefined) return new URL(`./${source}.js`, here);
  if (here.endsWith(".ts")) return new URL(`../${source}.ts`, here);
  const name = source.slice(source.lastIndexOf("/") + 1);
  return new URL(here.includes("/chunks/") ? `./${name}.js` : `./chunks/${name}.js`, here);
}
