/** A release of a Linux distribution. */
export interface OsRelease {
  /** `debian:12`: what the other tables refer to. */
  readonly id: string;
  readonly family: string;
  readonly version: string;
  /** `bookworm`; undefined where releases have none that people type. */
  readonly codename: string | undefined;
  /** The last day of regular support: `2026-07-11`. */
  readonly ends: string;
  /** The last day of free security updates, where they go on for longer (Debian LTS). */
  readonly securityEnds: string;
}

/** Newest first in each family. Sources: `distro-info` for Debian and Ubuntu, `end-of-life` for the others. */
export const osReleases: readonly OsRelease[] = [
  os("debian", "13", "2028-08-09", "trixie", "2030-06-30"),
  os("debian", "12", "2026-07-11", "bookworm", "2028-06-30"),
  os("debian", "11", "2024-08-14", "bullseye", "2026-08-31"),
  os("debian", "10", "2022-09-10", "buster", "2024-06-30"),
  os("debian", "9", "2020-07-18", "stretch", "2022-06-30"),
  os("debian", "8", "2018-06-17", "jessie", "2020-06-30"),
  os("ubuntu", "26.04", "2031-05-29", "resolute"),
  os("ubuntu", "25.10", "2026-07-09", "questing"),
  os("ubuntu", "25.04", "2026-01-15", "plucky"),
  os("ubuntu", "24.10", "2025-07-10", "oracular"),
  os("ubuntu", "24.04", "2029-05-31", "noble"),
  os("ubuntu", "23.10", "2024-07-11", "mantic"),
  os("ubuntu", "23.04", "2024-01-25", "lunar"),
  os("ubuntu", "22.10", "2023-07-20", "kinetic"),
  os("ubuntu", "22.04", "2027-06-01", "jammy"),
  os("ubuntu", "21.10", "2022-07-14", "impish"),
  os("ubuntu", "21.04", "2022-01-20", "hirsute"),
  os("ubuntu", "20.10", "2021-07-22", "groovy"),
  os("ubuntu", "20.04", "2025-05-29", "focal"),
  os("ubuntu", "19.10", "2020-07-17", "eoan"),
  os("ubuntu", "19.04", "2020-01-23", "disco"),
  os("ubuntu", "18.04", "2023-05-31", "bionic"),
  os("ubuntu", "16.04", "2021-04-30", "xenial"),
  os("ubuntu", "14.04", "2019-04-25", "trusty"),
  os("alpine", "3.24", "2028-06-01"),
  os("alpine", "3.23", "2027-11-01"),
  os("alpine", "3.22", "2027-05-01"),
  os("alpine", "3.21", "2026-11-01"),
  os("alpine", "3.20", "2026-04-01"),
  os("alpine", "3.19", "2025-11-01"),
  os("alpine", "3.18", "2025-05-09"),
  os("alpine", "3.17", "2024-11-22"),
  os("alpine", "3.16", "2024-05-23"),
  os("alpine", "3.15", "2023-11-01"),
  os("alpine", "3.14", "2023-05-01"),
  os("alpine", "3.13", "2022-11-01"),
  os("alpine", "3.12", "2022-05-01"),
  os("centos", "8", "2021-12-31"),
  os("centos", "7", "2024-06-30"),
  os("centos", "6", "2020-11-30"),
  os("rockylinux", "10", "2035-05-31"),
  os("rockylinux", "9", "2032-05-31"),
  os("rockylinux", "8", "2029-05-31"),
  os("ubi", "10", "2035-05-31"),
  os("ubi", "9", "2032-05-31"),
  os("ubi", "8", "2029-05-31"),
  os("ubi", "7", "2024-06-30"),
  os("oraclelinux", "9", "2032-06-30"),
  os("oraclelinux", "8", "2029-07-31"),
  os("oraclelinux", "7", "2024-12-31"),
  os("amazonlinux", "2023", "2029-06-30"),
  os("amazonlinux", "2", "2026-06-30"),
  os("amazonlinux", "1", "2023-12-31"),
  os("fedora", "44", "2027-06-02"),
  os("fedora", "43", "2026-12-09"),
  os("fedora", "42", "2026-05-27"),
  os("fedora", "41", "2025-12-15"),
  os("fedora", "40", "2025-05-13"),
  os("fedora", "39", "2024-11-26"),
];

/** A language's release and the last day of its security updates. Source: `end-of-life`. */
export const languageEnds: Readonly<Record<"python" | "node", Readonly<Record<string, string>>>> = {
  python: {
    "3.14": "2030-10-31",
    "3.13": "2029-10-31",
    "3.12": "2028-10-31",
    "3.11": "2027-10-31",
    "3.10": "2026-10-31",
    "3.9": "2025-10-31",
    "3.8": "2024-10-07",
    "3.7": "2023-06-27",
    "3.6": "2021-12-23",
    "3.5": "2020-09-30",
    "3.4": "2019-03-18",
    "2.7": "2020-01-01",
  },
  node: {
    "26": "2029-04-30",
    "25": "2026-06-01",
    "24": "2028-04-30",
    "23": "2025-06-01",
    "22": "2027-04-30",
    "21": "2024-06-01",
    "20": "2026-04-30",
    "19": "2023-06-01",
    "18": "2025-04-30",
    "17": "2022-06-01",
    "16": "2023-09-11",
    "15": "2021-06-01",
    "14": "2023-04-30",
    "12": "2022-04-30",
    "10": "2021-04-30",
  },
};

const byName: ReadonlyMap<string, OsRelease> = new Map(
  osReleases.flatMap((one) =>
    [one.id, one.id.replace(":", ""), ...(one.codename === undefined ? [] : [one.codename])].map(
      (name) => [name, one] as const,
    ),
  ),
);

/** The release of `debian:12`, `debian12`, `bookworm`, `ubuntu22.04` or `rockylinux9`; undefined for others. */
export function findOs(text: string): OsRelease | undefined {
  return byName.get(text.toLowerCase());
}

/** Whether free security updates have ended on this day (milliseconds since 1970). The last day itself still counts as supported. */
export function osHasEnded(release: OsRelease, today: number): boolean {
  return isPast(release.securityEnds, today);
}

/** Since when a Python or Node release (`3.8`, `16`) has no security updates; undefined while it has, and for unknown ones. */
export function languageEnded(
  language: "python" | "node",
  version: string,
  today: number,
): string | undefined {
  const end = languageEnds[language][version];
  return end !== undefined && isPast(end, today) ? end : undefined;
}

/** A family's newest release that is not for nine months only (Ubuntu's odd ones); undefined for an unknown family. */
export function newestOs(family: string): OsRelease | undefined {
  return osReleases.find((one) => one.family === family && (family !== "ubuntu" || isLongTerm(one.version)));
}

function isLongTerm(version: string): boolean {
  return /^\d[02468]\.04$/.test(version);
}

function isPast(day: string, today: number): boolean {
  return today >= Date.parse(`${day}T00:00:00Z`) + 24 * 60 * 60 * 1000;
}

function os(
  family: string,
  version: string,
  ends: string,
  codename?: string,
  securityEnds: string = ends,
): OsRelease {
  return { id: `${family}:${version}`, family, version, codename, ends, securityEnds };
}
