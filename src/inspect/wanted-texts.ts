/** No file is kept beyond this: the largest dpkg status seen has 12 MB. */
const largestText = 64 << 20;

/** Files in which package managers and the like keep their records, by a pattern over their path. `head` is the most that is kept. */
const wanted: readonly { pattern: RegExp; head?: number }[] = [
  { pattern: /^var\/lib\/dpkg\/(?:status|diversions|status\.d\/[^/]+|info\/[^/]+\.list)$/ },
  { pattern: /^(?:usr\/)?lib\/apk\/db\/installed$/ },
  { pattern: /^(?:var\/lib|usr\/lib\/sysimage)\/rpm\/(?:rpmdb\.sqlite|Packages\.db|Packages)$/ },
  {
    pattern:
      /\.(?:dist-info|egg-info)\/(?:RECORD|INSTALLER|direct_url\.json|top_level\.txt|entry_points\.txt|installed-files\.txt|SOURCES\.txt)$/,
  },
  {
    pattern: /\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info|egg\/EGG-INFO\/PKG-INFO)$/,
    head: 64 << 10,
  },
  { pattern: /(?:site|dist)-packages\/[^/]+\.(?:pth|egg-link)$/, head: 64 << 10 },
  { pattern: /(?:^|\/)conda-meta\/[^/]+\.json$/ },
  { pattern: /(?:^|\/)pyvenv\.cfg$/, head: 64 << 10 },
  // Libraries of R: `library`, `site-library`, a user's `x86_64-pc-linux-gnu-library/4.4`, renv's with platform and hash.
  { pattern: /(?:library|renv\/cache)\/(?:[^/]+\/){1,7}DESCRIPTION$/, head: 64 << 10 },
  { pattern: /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/, head: 256 << 10 },
  {
    pattern:
      /^(?:etc|usr\/lib)\/os-release$|^etc\/(?:passwd|group|ld\.so\.conf|ld\.so\.conf\.d\/[^/]+|ld-musl-[^/]+\.path)$/,
    head: 1 << 20,
  },
  { pattern: /(?:^|\/)quarto\/(?:share\/)?version$/, head: 4 << 10 },
];

/** How many bytes of the file at this path the inventory keeps as text; 0 for none. */
export function textKept(path: string): number {
  const found = wanted.find(({ pattern }) => pattern.test(path));
  return found === undefined ? 0 : (found.head ?? largestText);
}
