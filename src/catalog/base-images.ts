import { cudaTagOf, parseCudaTag } from "./cuda-images.ts";
import { type ImageName, readImageName } from "./image-name.ts";
import { osInTag, osOfOfficialImage } from "./image-os.ts";
import { findOs, type OsRelease } from "./os-releases.ts";
import { compareVersions } from "./versions.ts";

/** What is certain about a well-known base image. Whatever is not listed is unknown, not absent. */
export interface BaseFacts {
  /** As `readImageName` writes it: `nvidia/cuda`. */
  readonly name: string;
  /** The OS release, where the tag tells. */
  readonly os: OsRelease | undefined;
  /** Programs that are in the image and on PATH. */
  readonly has: ReadonlySet<string>;
  /** Programs that are surely not. */
  readonly lacks: ReadonlySet<string>;
  /** Python in it, where the tag tells: `3.11`. */
  readonly python: string | undefined;
  /** The user that it sets; root when it sets none. */
  readonly user: string;
  /** Python frameworks that come with it: `torch`, `tensorflow`, `jax`. */
  readonly frameworks: readonly string[];
  /** CUDA in it: none, or its version and how much, where known. */
  readonly cuda: { readonly version: string | undefined; readonly flavour: string | undefined } | undefined;
}

interface Entry {
  readonly matches: (image: ImageName) => boolean;
  readonly facts: (image: ImageName, tag: string) => Omit<BaseFacts, "name">;
}

/** Programs of every Debian and Ubuntu image (`Essential: yes` and apt). */
const debianHas =
  "sh bash dash apt apt-get apt-cache dpkg tar gzip sed grep find xargs awk perl cat cp mv rm chmod chown useradd groupadd";
/** Programs that neither `debian` (slim or not) nor `ubuntu` has. Source: `image-files`. */
const debianLacks =
  "curl wget git python python3 pip pip3 conda mamba micromamba pixi uv poetry tini dumb-init gosu make gcc g++ cmake unzip sudo node npm ssh vim nano jq nvcc";
/** What `buildpack-deps` adds, which the images of languages without `slim` are built on. */
const buildpack = "curl wget git hg ssh gcc g++ make unzip bzip2 xz python3 ps";
const alpineHas = "sh ash apk wget tar gzip sed grep find xargs awk unzip nc vi ps";
const alpineLacks =
  "bash curl git python python3 pip pip3 conda uv make gcc g++ apt-get sudo node npm gosu tini jq";

const entries: readonly Entry[] = [
  official(["debian", "ubuntu"], () => ({ has: debianHas, lacks: debianLacks })),
  official(["alpine"], () => ({ has: alpineHas, lacks: alpineLacks })),
  {
    matches: ({ name }) => name === "busybox",
    facts: () =>
      facts({ has: "sh wget tar gzip sed grep find awk nc vi", lacks: `${alpineLacks} apk apt dpkg` }),
  },
  official(["python"], (tag) => languageImage(tag, "python python3 pip pip3")),
  official(["node"], (tag) => languageImage(tag, "node npm npx")),
  official(["golang"], (tag) => languageImage(tag, "go")),
  {
    matches: ({ name, tag, pinned }) =>
      cudaTagOf(`${name}:${tag ?? ""}`) !== undefined && (tag ?? "") !== "" && !pinned,
    facts: (_, tag) => cudaImage(tag),
  },
  {
    matches: ({ name }) => name === "pytorch/pytorch",
    facts: (_, tag) => ({
      ...facts({
        has: `${debianHas} python python3 pip`,
        lacks: tag.includes("-runtime") ? "wget git nvcc" : "wget git",
      }),
      frameworks: ["torch"],
      cuda: {
        version: /cuda(\d+\.\d+)/.exec(tag)?.[1],
        flavour: tag.includes("-devel") ? "devel" : tag.includes("-runtime") ? "wheels" : undefined,
      },
    }),
  },
  {
    matches: ({ name }) => name === "tensorflow/tensorflow",
    facts: (_, tag) => ({
      ...facts({ has: `${debianHas} python python3 pip`, lacks: "conda uv" }),
      frameworks: ["tensorflow"],
      cuda: tag.includes("gpu") ? { version: undefined, flavour: undefined } : undefined,
    }),
  },
  ngc("pytorch", "torch"),
  ngc("tensorflow", "tensorflow"),
  ngc("jax", "jax"),
  {
    matches: ({ name }) => name === "continuumio/miniconda3",
    facts: () =>
      facts({
        has: `${debianHas} conda python pip wget git ps bzip2 ssh`,
        lacks: "mamba micromamba pixi uv gcc make nvcc",
      }),
  },
  {
    matches: ({ name }) => /^(?:docker\.io\/)?condaforge\/(?:miniforge3|mambaforge)$/.test(name),
    facts: () =>
      facts({
        has: `${debianHas} conda mamba python pip wget git tini bzip2`,
        lacks: "micromamba pixi uv gcc make nvcc",
      }),
  },
  {
    matches: ({ name }) => name === "mambaorg/micromamba" || name === "ghcr.io/mamba-org/micromamba",
    facts: (_, tag) => {
      const alpine = tag.includes("alpine");
      // The image can stand on an nvidia/cuda base, of which only the absence of conda is the same.
      return {
        ...facts(
          alpine
            ? { has: `${alpineHas} bash micromamba`, lacks: "apt-get conda mamba git" }
            : { has: `${debianHas} micromamba`, lacks: "curl wget git conda mamba gcc make" },
          osInTag(tag),
        ),
        user: "mambauser",
        cuda: cudaInTag(tag),
      };
    },
  },
  {
    matches: ({ name }) => name === "ghcr.io/prefix-dev/pixi",
    facts: (_, tag) => ({
      ...facts(
        { has: `${debianHas} pixi`, lacks: "curl wget git python python3 pip conda mamba uv gcc make" },
        osInTag(tag) ?? (/^(?:latest|\d+\.\d+\.\d+)$/.test(tag) ? findOs("ubuntu:24.04") : undefined),
      ),
      cuda: cudaInTag(tag),
    }),
  },
  {
    matches: ({ name }) => name === "ghcr.io/astral-sh/uv" || name === "astral/uv",
    facts: (_, tag) => uvImage(tag),
  },
  {
    matches: ({ name }) => name === "rocker/r-ver",
    // R's packages are compiled with what R itself was. Source: `image-files`.
    facts: (_, tag) =>
      facts({ has: `${debianHas} R Rscript g++ gcc make unzip` }, findOs(osOfR(tag) ?? "none")),
  },
  {
    matches: ({ name }) => /^(?:quay\.io\/)?jupyter\/[a-z-]+-notebook$/.test(name),
    facts: ({ name }) => ({
      ...facts({ has: `${debianHas} conda mamba python pip wget tini sudo` }),
      user: "jovyan",
      frameworks: name.includes("pytorch") ? ["torch"] : name.includes("tensorflow") ? ["tensorflow"] : [],
    }),
  },
  {
    matches: ({ name }) => name.startsWith("gcr.io/distroless/"),
    facts: ({ name }, tag) => {
      const os = findOs(/debian1\d/.exec(name)?.[0] ?? "");
      const shell = tag.includes("debug");
      const python = name.includes("/python3");
      return {
        ...facts(
          {
            has: python ? "python3" : "",
            lacks: `bash apt-get apt dpkg curl git pip pip3 conda gcc make ${shell ? "" : "sh wget cat ls grep"} ${python ? "" : "python python3"}`,
          },
          os,
        ),
        user: tag.includes("nonroot") ? "nonroot" : "root",
      };
    },
  },
];

/**
 * What is known of a base image by its name and tag; undefined for images that the catalogue does not have and for names with a
 * variable in them. An image named by digest alone gives the facts that hold for every tag of it, its OS left out.
 */
export function describeBase(image: string): BaseFacts | undefined {
  if (described.has(image)) return described.get(image);
  const read = readImageName(image);
  const entry = read && entries.find((one) => one.matches(read));
  const facts = entry && { name: read.name, ...entry.facts(read, read.tag ?? "") };
  // Rules ask for the same few bases again and again; a run over thousands of files must not keep all of theirs.
  if (described.size >= 500) described.clear();
  described.set(image, facts);
  return facts;
}

const described = new Map<string, BaseFacts | undefined>();

/** Whether a program is in a base image: yes, no, or unknown (undefined). */
export function baseHas(base: BaseFacts, program: string): boolean | undefined {
  if (base.has.has(program)) return true;
  return base.lacks.has(program) ? false : undefined;
}

function official(
  names: readonly string[],
  tools: (tag: string) => { has: string; lacks?: string; python?: string },
): Entry {
  return {
    matches: ({ name, tag }) => names.includes(name) && tag !== undefined,
    facts: ({ name }, tag) => ({
      ...facts(tools(tag), osOfOfficialImage(name, tag)),
      python: name === "python" ? /^\d+\.\d+/.exec(tag)?.[0] : undefined,
    }),
  };
}

/** The Ubuntu of `rocker/r-ver`, as far as it is known: 24.04 since R 4.4.3. */
function osOfR(tag: string): string | undefined {
  const version = /^\d+\.\d+\.\d+$/.exec(tag)?.[0];
  return version !== undefined && compareVersions(version, "4.4.3") >= 0 ? "ubuntu:24.04" : undefined;
}

/** `python`, `node`, `golang`: on Alpine, on slim Debian, or on `buildpack-deps`. */
function languageImage(tag: string, own: string): { has: string; lacks?: string } {
  const without = (list: string, more: string) =>
    list
      .split(" ")
      .filter((one) => !` ${own} ${more} `.includes(` ${one} `))
      .join(" ");
  if (/windows|nanoserver/.test(tag)) return { has: "" };
  if (tag.includes("alpine"))
    return {
      has: `${alpineHas} ${own}`,
      lacks: without(alpineLacks, own === "go" ? "make gcc g++ git" : ""),
    };
  if (tag.includes("slim")) return { has: `${debianHas} ${own}`, lacks: without(debianLacks, "") };
  // Go's image has only what fetches sources, and a compiler for C.
  const added = own === "go" ? "curl wget git gcc g++ make" : buildpack;
  return {
    has: `${debianHas} ${own} ${added}`,
    lacks: without("conda mamba micromamba pixi uv poetry nvcc pip", ""),
  };
}

function cudaImage(tag: string): Omit<BaseFacts, "name"> {
  const parts = parseCudaTag(tag);
  const os = findOs(parts?.os ?? "") ?? osInTag(tag);
  const compiler = parts?.flavour === "devel" ? "nvcc gcc g++ make" : "";
  const cuda = { version: parts?.cuda, flavour: parts?.flavour };
  if (os?.family !== "ubuntu") return { ...facts({ has: "sh bash" }, os), cuda };
  const absent = debianLacks
    .split(" ")
    .filter((one) => parts?.flavour !== "devel" || !/^(?:nvcc|gcc|g\+\+|make|python3?)$/.test(one));
  return { ...facts({ has: `${debianHas} ${compiler}`, lacks: absent.join(" ") }, os), cuda };
}

function ngc(name: string, framework: string): Entry {
  return {
    matches: (image) => image.name === `nvcr.io/nvidia/${name}`,
    facts: () => ({
      ...facts({ has: `${debianHas} python python3 pip` }),
      frameworks: [framework],
      cuda: { version: undefined, flavour: "devel" },
    }),
  };
}

/** `ghcr.io/astral-sh/uv`: without an OS in the tag it is uv alone, on nothing. */
function uvImage(tag: string): Omit<BaseFacts, "name"> {
  const bare = "sh bash apt-get apk python python3 pip curl wget git";
  const python = /python(\d\.\d+)/.exec(tag)?.[1];
  if (tag === "latest" || /^\d+(?:\.\d+)*$/.test(tag)) return facts({ has: "uv uvx", lacks: bare });
  const own = `uv uvx${python === undefined ? "" : " python python3 pip pip3"}`;
  if (tag.includes("alpine"))
    return { ...facts({ has: `${alpineHas} ${own}`, lacks: "bash curl git apt-get" }, osInTag(tag)), python };
  if (!/slim|debian|bookworm|trixie|bullseye/.test(tag)) return { ...facts({ has: own }), python };
  const slim = tag.includes("slim");
  return {
    ...facts(
      { has: `${debianHas} ${own}`, lacks: slim ? "curl wget git gcc make conda" : "conda" },
      osInTag(tag),
    ),
    python,
  };
}

function cudaInTag(tag: string): BaseFacts["cuda"] {
  const version = /cuda-?(\d+\.\d+(?:\.\d+)?)/.exec(tag)?.[1];
  return version === undefined ? undefined : { version, flavour: "base" };
}

function facts(
  { has, lacks = "" }: { has: string; lacks?: string },
  os?: OsRelease,
): Omit<BaseFacts, "name"> {
  return {
    os,
    has: words(has),
    lacks: words(lacks),
    python: undefined,
    user: "root",
    frameworks: [],
    cuda: undefined,
  };
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" ").filter((word) => word !== ""));
}
