import type { Manager, Package } from "../analysis.ts";

/**
 * Files that no record names, for a package's maintainer script or the manager itself makes them, by where they lie and by the
 * names that distributions give the package. What a manager has fetched (lists, archives) is not among them.
 */
const made: readonly { place: RegExp; packages: readonly string[] }[] = [
  { place: /^var\/lib\/dpkg\//, packages: ["dpkg"] },
  { place: /^var\/cache\/debconf\//, packages: ["debconf"] },
  { place: /^var\/lib\/apt\/extended_states$/, packages: ["apt"] },
  { place: /^(?:usr\/)?lib\/apk\/db\//, packages: ["apk-tools"] },
  { place: /^(?:var\/lib|usr\/lib\/sysimage)\/rpm\//, packages: ["rpm", "rpm-libs"] },
  { place: /^etc\/ld\.so\.cache$|^var\/cache\/ldconfig\//, packages: ["libc-bin", "glibc"] },
  { place: /\/gconv-modules\.cache$/, packages: ["libc-bin", "libc6", "glibc"] },
  { place: /^usr\/lib\/locale\/locale-archive$/, packages: ["locales", "libc-bin", "glibc-common"] },
  {
    place: /^etc\/(?:ssl\/certs\/|ca-certificates\.conf$)/,
    packages: ["ca-certificates", "ca-certificates-bundle"],
  },
  { place: /^etc\/pki\/ca-trust\/extracted\//, packages: ["ca-certificates"] },
  { place: /^etc\/ssl\/certs\/java\//, packages: ["ca-certificates-java"] },
  { place: /^usr\/share\/mime\//, packages: ["shared-mime-info"] },
  { place: /^var\/cache\/fontconfig\//, packages: ["fontconfig", "fontconfig-config"] },
  { place: /^var\/cache\/man\//, packages: ["man-db"] },
  { place: /^var\/lib\/texmf\//, packages: ["tex-common"] },
];

/** Whether a file of a system's package was made on this system and did not come with the package. */
export function isMadeFile(path: string): boolean {
  return made.some(({ place }) => place.test(path));
}

/** The managers whose packages these are. */
const systemManagers: ReadonlySet<Manager> = new Set(["dpkg", "apk", "rpm"]);

/** Gives files that nobody has to the installed package that makes them; where several may, to the first that is there. */
export function claimMade(paths: readonly string[], owners: Map<string, Package>): void {
  const installed = new Map<string, Package>();
  for (const owner of new Set(owners.values()))
    if (systemManagers.has(owner.manager)) installed.set(owner.name, owner);
  const makers = made.flatMap(({ place, packages }) => {
    const maker = packages.find((name) => installed.has(name));
    return maker === undefined ? [] : [{ place, owner: installed.get(maker) }];
  });
  for (const path of paths) {
    const owner = makers.find(({ place }) => place.test(path))?.owner;
    if (owner !== undefined) owners.set(path, owner);
  }
}
