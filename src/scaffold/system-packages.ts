import { describeBase } from "../catalog/base-images.ts";
import { gonePackage } from "../catalog/os-packages.ts";
import { type OsRelease, findOs } from "../catalog/os-releases.ts";

/** What apt installs for a need. */
interface Need {
  /** What a program needs to run. */
  readonly runtime: string;
  /** What a compiler needs besides. */
  readonly build?: string;
}

/** By purpose. Names are those of Debian 12; `aptPackages` says what a release calls them. */
const needs: Readonly<Record<string, Need>> = {
  libgl: { runtime: "libgl1", build: "libgl-dev" },
  glib: { runtime: "libglib2.0-0", build: "libglib2.0-dev" },
  x11: { runtime: "libsm6 libxext6 libxrender1" },
  egl: { runtime: "libegl1" },
  gtk: { runtime: "libgtk-3-0" },
  ffmpeg: { runtime: "ffmpeg", build: "libavcodec-dev libavformat-dev libavutil-dev libswscale-dev" },
  sndfile: { runtime: "libsndfile1", build: "libsndfile1-dev" },
  portaudio: { runtime: "libportaudio2", build: "portaudio19-dev" },
  sox: { runtime: "sox" },
  espeak: { runtime: "espeak-ng" },
  gomp: { runtime: "libgomp1" },
  // For packages that are taken from repositories.
  git: { runtime: "", build: "git" },
  compiler: { runtime: "", build: "build-essential" },
  // For programs that compile while they run: Triton's kernels, torch.compile.
  "runtime-compiler": { runtime: "gcc libc6-dev" },
  "cuda-compiler": { runtime: "", build: "build-essential ninja-build" },
  cmake: { runtime: "", build: "build-essential cmake" },
  rust: { runtime: "", build: "build-essential cargo" },
  fortran: { runtime: "libgfortran5", build: "gfortran" },
  libpq: { runtime: "libpq5", build: "build-essential libpq-dev" },
  mysql: { runtime: "libmariadb3", build: "build-essential libmariadb-dev pkg-config" },
  odbc: { runtime: "unixodbc", build: "build-essential unixodbc-dev" },
  tesseract: { runtime: "tesseract-ocr" },
  poppler: { runtime: "poppler-utils" },
  graphviz: { runtime: "graphviz", build: "build-essential libgraphviz-dev pkg-config" },
  magic: { runtime: "libmagic1" },
  zbar: { runtime: "libzbar0" },
  cairo: { runtime: "libcairo2", build: "build-essential libcairo2-dev pkg-config" },
  pango: { runtime: "libpango-1.0-0 libpangoft2-1.0-0" },
  vips: { runtime: "libvips42", build: "build-essential libvips-dev pkg-config" },
  imagemagick: { runtime: "imagemagick" },
  gdal: { runtime: "gdal-bin", build: "build-essential libgdal-dev" },
  geos: { runtime: "libgeos-c1v5", build: "build-essential libgeos-dev" },
  proj: { runtime: "proj-bin", build: "build-essential libproj-dev" },
  hdf5: { runtime: "hdf5-tools", build: "build-essential libhdf5-dev pkg-config" },
  openmpi: { runtime: "openmpi-bin libopenmpi3", build: "build-essential libopenmpi-dev" },
  openblas: { runtime: "libopenblas0", build: "libopenblas-dev" },
  xml: { runtime: "libxml2 libxslt1.1", build: "build-essential libxml2-dev libxslt1-dev" },
  java: { runtime: "default-jre-headless" },
  sodium: { runtime: "libsodium23", build: "build-essential libsodium-dev" },
  udunits: { runtime: "libudunits2-0", build: "build-essential libudunits2-dev" },
  glpk: { runtime: "libglpk40", build: "build-essential libglpk-dev" },
  "text-layout": {
    runtime: "libfontconfig1 libfreetype6 libfribidi0 libharfbuzz0b",
    build: "build-essential libfontconfig-dev libfreetype-dev libfribidi-dev libharfbuzz-dev",
  },
  fonts: { runtime: "fonts-dejavu-core" },
  curl: { runtime: "curl ca-certificates" },
  ssh: { runtime: "openssh-client" },
};

/** Other words for the same. */
const otherWords: Readonly<Record<string, string>> = {
  opengl: "libgl",
  libgl1: "libgl",
  libglib: "glib",
  libsndfile: "sndfile",
  openmp: "gomp",
  libgomp: "gomp",
  postgres: "libpq",
  postgresql: "libpq",
  libmagic: "magic",
  unixodbc: "odbc",
  mpi: "openmpi",
  "c-compiler": "compiler",
  gcc: "compiler",
  nvcc: "cuda-compiler",
};

/**
 * Packages that a release has under another name although apt still finds some of the old ones: whoever reads the file should not
 * wonder. By release; the rest is in the catalogue.
 */
const newNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "debian:13": {
    "libglib2.0-0": "libglib2.0-0t64",
    "libgtk-3-0": "libgtk-3-0t64",
    libmagic1: "libmagic1t64",
    libportaudio2: "libportaudio2",
    libvips42: "libvips42t64",
    libopenmpi3: "libopenmpi40",
    "libgeos-c1v5": "libgeos-c1t64",
  },
  "ubuntu:24.04": {
    "libglib2.0-0": "libglib2.0-0t64",
    "libgtk-3-0": "libgtk-3-0t64",
    libmagic1: "libmagic1t64",
    libvips42: "libvips42t64",
    libopenmpi3: "libopenmpi3t64",
    "libgeos-c1v5": "libgeos-c1t64",
  },
};

/** What has to be installed. */
export interface SystemPackages {
  /** Sorted, for the image that runs. */
  readonly runtime: readonly string[];
  /** Sorted, for the stage that installs packages: compilers with the headers, git. Empty where neither is needed. */
  readonly build: readonly string[];
  /** Needs that are not known. */
  readonly unknown: readonly string[];
}

/** The apt packages for some needs (`libgl`, `ffmpeg`, ...) by the names that the release of this base image has. */
export function systemPackages(wanted: readonly string[], image: string): SystemPackages {
  const release = describeBase(image)?.os;
  const found = wanted.map((word) => ({ word, need: needs[otherWords[word] ?? word] }));
  const runtime = found.flatMap(({ need }) => words(need?.runtime ?? ""));
  const build = found.flatMap(({ need }) => words(need?.build ?? ""));
  // Headers alone are of no use: without something to compile they stay away.
  const tools = build.includes("build-essential") ? build : build.filter((name) => name === "git");
  return {
    runtime: named(runtime, release),
    build: named(tools, release),
    unknown: found.filter(({ need }) => need === undefined).map(({ word }) => word),
  };
}

/** Whether there are packages for a need of this name. */
export function isKnownNeed(name: string): boolean {
  return Object.hasOwn(needs, name);
}

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

function named(packages: readonly string[], release: OsRelease | undefined): string[] {
  return [...new Set(packages.map((name) => aptPackage(name, release)))].sort();
}

/** What a release calls a package that Debian 12 calls `name`. */
function aptPackage(name: string, release: OsRelease | undefined): string {
  const known = release ?? findOs("debian:13");
  if (known === undefined) return name;
  return newNames[known.id]?.[name] ?? gonePackage(name, known)?.instead ?? name;
}
