import type { OsRelease } from "./os-releases.ts";
import type { SourceName } from "./sources.ts";

/** An apt package whose name does not install any more on some releases. */
interface GonePackage {
  readonly name: string;
  /** What to install there instead, by release; `none` where nothing takes its place. */
  readonly gone: Readonly<Record<string, string>>;
  /** `abi` where the new package has another library version, so that old binaries do not find theirs. */
  readonly kind: "renamed" | "abi" | "replaced";
  readonly source: SourceName;
}

const debianOf = (ids: string, instead: string) =>
  Object.fromEntries(ids.split(" ").map((id) => [`debian:${id}`, instead]));
const ubuntuOf = (ids: string, instead: string) =>
  Object.fromEntries(ids.split(" ").map((id) => [`ubuntu:${id}`, instead]));

/**
 * Every name here was looked up in Debian's indexes of 11, 12 and 13: it is neither a package nor provided by exactly one, so
 * `apt-get install` fails. Names that Debian 13 renamed for 64-bit time but still provides (`libglib2.0-0`, `libssl3`, `libcups2`,
 * `libgtk-3-0`, on Debian `libasound2`) install as before and so are not here. Releases that are not named are not known to fail.
 */
export const gonePackages: readonly GonePackage[] = [
  gone("libgl1-mesa-glx", "renamed", { ...debianOf("13", "libgl1"), ...ubuntuOf("24.04 26.04", "libgl1") }),
  gone("libegl1-mesa", "renamed", { ...debianOf("13", "libegl1"), ...ubuntuOf("24.04 26.04", "libegl1") }),
  gone("libgles2-mesa", "renamed", { ...debianOf("13", "libgles2"), ...ubuntuOf("24.04 26.04", "libgles2") }),
  gone("libasound2", "renamed", ubuntuOf("24.04", "libasound2t64"), "ubuntu-packages"),
  gone("libaio1", "renamed", { ...debianOf("13", "libaio1t64"), ...ubuntuOf("24.04", "libaio1t64") }),
  gone("libtiff5", "abi", { ...debianOf("12 13", "libtiff6"), ...ubuntuOf("24.04", "libtiff6") }),
  gone("libwebp6", "abi", { ...debianOf("12 13", "libwebp7"), ...ubuntuOf("22.04 24.04", "libwebp7") }),
  gone("libssl1.1", "abi", { ...debianOf("12 13", "libssl3"), ...ubuntuOf("22.04 24.04", "libssl3") }),
  gone("libssl1.0.0", "abi", {
    ...debianOf("11", "libssl1.1"),
    ...debianOf("12 13", "libssl3"),
    ...ubuntuOf("20.04", "libssl1.1"),
    ...ubuntuOf("22.04 24.04", "libssl3"),
  }),
  gone("libffi6", "abi", {
    ...debianOf("11", "libffi7"),
    ...debianOf("12 13", "libffi8"),
    ...ubuntuOf("22.04 24.04", "libffi8"),
  }),
  gone("libffi7", "abi", { ...debianOf("12 13", "libffi8"), ...ubuntuOf("22.04 24.04", "libffi8") }),
  gone("libicu63", "abi", {
    ...debianOf("11", "libicu67"),
    ...debianOf("12", "libicu72"),
    ...debianOf("13", "libicu76"),
  }),
  gone("libicu66", "abi", {
    ...debianOf("11", "libicu67"),
    ...debianOf("12", "libicu72"),
    ...debianOf("13", "libicu76"),
    ...ubuntuOf("22.04", "libicu70"),
    ...ubuntuOf("24.04", "libicu74"),
  }),
  gone("libicu67", "abi", { ...debianOf("12", "libicu72"), ...debianOf("13", "libicu76") }),
  gone("libicu72", "abi", { ...debianOf("11", "libicu67"), ...debianOf("13", "libicu76") }),
  gone("libtbb2", "abi", debianOf("12 13", "libtbb12")),
  gone("libncurses5", "abi", { ...debianOf("13", "libncurses6"), ...ubuntuOf("24.04", "libncurses6") }),
  gone("libncursesw5", "abi", { ...debianOf("13", "libncursesw6"), ...ubuntuOf("24.04", "libncursesw6") }),
  gone("libtinfo5", "abi", { ...debianOf("13", "libtinfo6"), ...ubuntuOf("24.04", "libtinfo6") }),
  gone("libreadline7", "abi", { ...debianOf("11 12", "libreadline8"), ...debianOf("13", "libreadline8t64") }),
  gone("libavcodec58", "abi", {
    ...debianOf("12", "libavcodec59"),
    ...debianOf("13", "libavcodec61"),
    ...ubuntuOf("24.04", "libavcodec60"),
  }),
  gone("libavcodec59", "abi", { ...debianOf("11", "libavcodec58"), ...debianOf("13", "libavcodec61") }),
  gone("libavformat58", "abi", {
    ...debianOf("12", "libavformat59"),
    ...debianOf("13", "libavformat61"),
    ...ubuntuOf("24.04", "libavformat60"),
  }),
  gone("libavformat59", "abi", { ...debianOf("11", "libavformat58"), ...debianOf("13", "libavformat61") }),
  gone("libavutil56", "abi", {
    ...debianOf("12", "libavutil57"),
    ...debianOf("13", "libavutil59"),
    ...ubuntuOf("24.04", "libavutil58"),
  }),
  gone("libavutil57", "abi", { ...debianOf("11", "libavutil56"), ...debianOf("13", "libavutil59") }),
  gone("libswscale5", "abi", {
    ...debianOf("12", "libswscale6"),
    ...debianOf("13", "libswscale8"),
    ...ubuntuOf("24.04", "libswscale7"),
  }),
  gone("libswscale6", "abi", { ...debianOf("11", "libswscale5"), ...debianOf("13", "libswscale8") }),
  gone("libavresample-dev", "replaced", debianOf("12 13", "none")),
  gone("libx264-160", "abi", debianOf("12 13", "libx264-164")),
  gone("libvpx6", "abi", { ...debianOf("12", "libvpx7"), ...debianOf("13", "libvpx9") }),
  gone("libvpx7", "abi", { ...debianOf("11", "libvpx6"), ...debianOf("13", "libvpx9") }),
  gone("libopenexr25", "abi", debianOf("12 13", "libopenexr-3-1-30")),
  gone("libilmbase25", "abi", debianOf("12 13", "libimath-3-1-29")),
  gone("libhdf5-103", "abi", debianOf("13", "libhdf5-310")),
  gone("libhdf5-103-1", "abi", debianOf("13", "libhdf5-310")),
  gone("libprotobuf23", "abi", { ...debianOf("12", "libprotobuf32"), ...debianOf("13", "libprotobuf32t64") }),
  gone("libldap-2.4-2", "abi", { ...debianOf("12", "libldap-2.5-0"), ...debianOf("13", "libldap2") }),
  gone("libopenmpi3", "abi", debianOf("13", "libopenmpi40")),
  gone("libgdal28", "abi", { ...debianOf("12", "libgdal32"), ...debianOf("13", "libgdal36") }),
  gone("libgdal32", "abi", { ...debianOf("11", "libgdal28"), ...debianOf("13", "libgdal36") }),
  gone("libproj19", "abi", debianOf("12 13", "libproj25")),
  gone("libspatialindex6", "abi", debianOf("13", "libspatialindex8")),
  gone("libpoppler-cpp0v5", "abi", debianOf("13", "libpoppler-cpp2")),
  gone("libmagickwand-6.q16-6", "abi", debianOf("13", "libmagickwand-7.q16-10")),
  gone("libgfortran3", "abi", debianOf("11 12 13", "libgfortran5")),
  gone("libgfortran4", "abi", debianOf("11 12 13", "libgfortran5")),
  gone("libpcre3", "abi", debianOf("13", "libpcre2-8-0")),
  gone("libpcre3-dev", "abi", debianOf("13", "libpcre2-dev")),
  gone("libpng12-0", "abi", {
    ...debianOf("11 12 13", "libpng16-16"),
    ...ubuntuOf("18.04 20.04 22.04 24.04", "libpng16-16"),
  }),
  gone("libjpeg8", "abi", debianOf("11 12 13", "libjpeg62-turbo")),
  gone("libjpeg-turbo8", "abi", debianOf("11 12 13", "libjpeg62-turbo")),
  gone("libjpeg8-dev", "renamed", debianOf("11 12 13", "libjpeg62-turbo-dev")),
  gone("libjpeg-turbo8-dev", "renamed", debianOf("11 12 13", "libjpeg62-turbo-dev")),
  gone("libturbojpeg", "renamed", debianOf("11 12 13", "libturbojpeg0")),
  gone("libjasper-dev", "replaced", {
    ...debianOf("11 12 13", "none"),
    ...ubuntuOf("18.04 20.04 22.04 24.04", "none"),
  }),
  gone("libjasper1", "replaced", {
    ...debianOf("11 12 13", "none"),
    ...ubuntuOf("18.04 20.04 22.04 24.04", "none"),
  }),
  gone("libdc1394-22-dev", "renamed", debianOf("12 13", "libdc1394-dev")),
  gone("libgdk-pixbuf2.0-0", "renamed", debianOf("13", "libgdk-pixbuf-2.0-0")),
  gone("libappindicator1", "replaced", debianOf("13", "none")),
  gone("libgconf-2-4", "replaced", { ...debianOf("13", "none"), ...ubuntuOf("24.04", "none") }),
  gone("libcanberra-gtk-module", "replaced", debianOf("13", "libcanberra-gtk3-module")),
  gone("libenchant1c2a", "abi", debianOf("11 12 13", "libenchant-2-2")),
  gone("libcurl3", "abi", debianOf("11 12 13", "libcurl4")),
  gone("libatlas-base-dev", "replaced", debianOf("13", "libopenblas-dev")),
  gone("libopenblas-base", "renamed", debianOf("12 13", "libopenblas0")),
  gone("libmysqlclient-dev", "replaced", debianOf("11 12 13", "default-libmysqlclient-dev")),
  gone("mysql-client", "replaced", debianOf("11 12 13", "default-mysql-client")),
  gone("netcat", "replaced", {
    ...debianOf("12 13", "netcat-openbsd"),
    ...ubuntuOf("24.04", "netcat-openbsd"),
  }),
  gone("ttf-dejavu", "renamed", debianOf("11 12 13", "fonts-dejavu")),
  gone("policykit-1", "renamed", debianOf("13", "polkitd")),
  gone("software-properties-common", "replaced", debianOf("13", "none")),
  gone("lsb-core", "replaced", { ...debianOf("11 12 13", "none"), ...ubuntuOf("24.04", "none") }),
  gone("neofetch", "replaced", debianOf("13", "fastfetch")),
  gone("exa", "replaced", debianOf("13", "eza")),
  gone("youtube-dl", "replaced", debianOf("13", "yt-dlp")),
  gone("wkhtmltopdf", "replaced", debianOf("13", "none")),
  gone("python", "replaced", { ...debianOf("12 13", "python3"), ...ubuntuOf("22.04 24.04", "python3") }),
  gone("python-dev", "replaced", {
    ...debianOf("12 13", "python3-dev"),
    ...ubuntuOf("22.04 24.04", "python3-dev"),
  }),
  gone("python-pip", "replaced", {
    ...debianOf("11 12 13", "python3-pip"),
    ...ubuntuOf("20.04 22.04 24.04", "python3-pip"),
  }),
  gone("python2", "replaced", { ...debianOf("12 13", "none"), ...ubuntuOf("24.04", "none") }),
  gone("python2.7", "replaced", { ...debianOf("12 13", "none"), ...ubuntuOf("24.04", "none") }),
  gone("python3-distutils", "replaced", {
    ...debianOf("13", "python3-setuptools"),
    ...ubuntuOf("24.04", "python3-setuptools"),
  }),
  ...["jdk", "jre", "jdk-headless", "jre-headless"].flatMap((kind) => [
    gone(`openjdk-8-${kind}`, "abi", {
      ...debianOf("11", `openjdk-11-${kind}`),
      ...debianOf("12", `openjdk-17-${kind}`),
      ...debianOf("13", `openjdk-21-${kind}`),
    }),
    gone(`openjdk-11-${kind}`, "abi", {
      ...debianOf("12", `openjdk-17-${kind}`),
      ...debianOf("13", `openjdk-21-${kind}`),
    }),
    gone(`openjdk-17-${kind}`, "abi", debianOf("13", `openjdk-21-${kind}`)),
  ]),
];

/** Python's minor releases in each system's own repositories. The oldest of a pair is its default. */
const pythons: Readonly<Record<string, readonly string[]>> = {
  "debian:11": ["3.9"],
  "debian:12": ["3.11"],
  "debian:13": ["3.13"],
  "ubuntu:18.04": ["3.6", "3.7", "3.8"],
  "ubuntu:20.04": ["3.8", "3.9"],
  "ubuntu:22.04": ["3.10", "3.11"],
  "ubuntu:24.04": ["3.12"],
};

const byName: ReadonlyMap<string, GonePackage> = new Map(gonePackages.map((one) => [one.name, one]));

/** Why a package does not install on a release. */
export interface GoneAnswer {
  /** What to install instead; undefined where nothing takes its place. */
  readonly instead: string | undefined;
  /** `safe` to replace in a file: the same library under its new name. */
  readonly renamed: boolean;
}

/**
 * Whether `apt-get install NAME` surely fails on a release with its own repositories alone; undefined where it does not or
 * where that is not known. Versions (`=1.2`), releases (`/stable`) and architectures (`:amd64`) after the name are ignored.
 * A file that adds a repository (deadsnakes for `python3.9`) may have the package after all: ask that first.
 */
export function gonePackage(name: string, release: OsRelease): GoneAnswer | undefined {
  const plain = name.split(/[=/:]/)[0] ?? name;
  const found = byName.get(plain);
  const instead = found?.gone[release.id];
  if (found !== undefined && instead !== undefined) {
    return { instead: instead === "none" ? undefined : instead, renamed: found.kind === "renamed" };
  }
  return gonePython(plain, release);
}

/** The Pythons (`3.10`) in a release's own repositories, its default first; none where the catalogue does not know. */
export function pythonsOf(release: OsRelease): readonly string[] {
  return pythons[release.id] ?? [];
}

function gonePython(name: string, release: OsRelease): GoneAnswer | undefined {
  const match = /^(?:lib)?python(3\.\d+)(-dev|-venv|-distutils|-minimal)?$/.exec(name);
  const own = pythons[release.id];
  if (match === null || own === undefined || own.includes(match[1] ?? "")) return undefined;
  return { instead: `python3${match[2] ?? ""}`, renamed: false };
}

function gone(
  name: string,
  kind: GonePackage["kind"],
  releases: Readonly<Record<string, string>>,
  source: SourceName = "debian-packages",
): GonePackage {
  return { name, kind, gone: releases, source };
}
