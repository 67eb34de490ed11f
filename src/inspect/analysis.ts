import type { Digest } from "../oci/digest.ts";
import type { Hidden, Placed } from "./image-view.ts";

/** Who keeps the record that a file is theirs. `uv` installs as pip does and signs with its own name. `none`: nobody. */
export type Manager = "dpkg" | "apk" | "rpm" | "pip" | "uv" | "conda" | "r" | "npm" | "none";

/** A package as its manager knows it. */
export interface Package {
  manager: Manager;
  name: string;
  /** "" where the record has none. */
  version: string;
  /** Folder of the environment or library that it is installed in, without `/` in front; "" for the system. */
  home: string;
}

/**
 * `safe`: nothing can need it. `check`: hardly anything needs it, `ddiff check` before and after tells. `risky`: something may need
 * it that no check sees.
 */
export type Risk = "safe" | "check" | "risky";

/** What a file is of, whoever owns it: apt lists, byte code, tests. */
export interface FileClass {
  /** In kebab-case, as in `--class` and in budgets. */
  name: string;
  /** For a person: `lists of apt`. */
  title: string;
  risk: Risk;
  /** Why it can go, and what it costs. */
  why: string;
  /** What to write in the Dockerfile. */
  edit: string;
}

/** Bytes that need not travel, and how to be rid of them. */
export interface WasteFinding {
  /** `removed-later`, `overwritten`, `copied`, `duplicate`, `class` (then `name` is the class), `second-copy`, `second-environment`. */
  kind:
    | "removed-later"
    | "overwritten"
    | "copied"
    | "duplicate"
    | "class"
    | "second-copy"
    | "second-environment";
  /** Distinguishes findings of one kind: the class, the soname, the package. */
  name: string;
  /** One sentence. */
  title: string;
  /** The layer in which the bytes stand. */
  layer: number;
  /** The layer whose step makes them waste, where it is another one. */
  by?: number;
  /** Bytes of content that would be gone, each counted once over all findings of the analysis. */
  bytes: number;
  files: number;
  risk: Risk;
  why: string;
  edit: string;
  /** All of them; reports show the largest. Those of `removed-later`, `overwritten` and `copied` are not visible any more. */
  entries: readonly Placed[];
}

/** A step of a Dockerfile as far as it is known. */
export interface Step {
  /** What the history says, without the builder's decoration. */
  text: string;
  /** Line of the Dockerfile that was given, from 1. */
  line?: number;
  /** The Dockerfile, as it was named. */
  file?: string;
}

/** One layer of the image. */
export interface LayerReport {
  number: number;
  diffId: Digest;
  /** Bytes as the place packs it. */
  packed: number;
  /** Bytes of the tar. */
  tar: number;
  entries: number;
  /** Bytes of its content that a container sees. */
  visible: number;
  /** Bytes of its content that a container does not see any more. */
  hidden: number;
  step: Step;
}

/** Bytes and files of one package, class or manager, each hard link once. */
export interface Share {
  bytes: number;
  files: number;
}

/** A library or tool that stands in the image several times. */
export interface Copies {
  /** The soname without its version (`libcublas`), or the tool. */
  name: string;
  /** Different content is no second copy of the same, but of the same thing. */
  copies: { path: string; layer: number; bytes: number; package: Package | undefined }[];
}

/** Where the bytes of an image are. Sizes in bytes; layers are numbered from 0 at the bottom. */
export interface Analysis {
  image: { name: string; platform: string; manifest: Digest; config: Digest };
  sizes: {
    /** Layers as the place packs them. */
    packed: number;
    /** Layers as tars. */
    tar: number;
    /** Content that a container sees, each hard link once. */
    visible: number;
    /** Content that is hidden by later layers. */
    hidden: number;
    /** Sum over the findings that are `safe`. */
    safe: number;
  };
  layers: LayerReport[];
  /** Largest first. */
  findings: WasteFinding[];
  packages: (Package & Share)[];
  classes: (FileClass & Share)[];
  copies: Copies[];
  /** Programs that a person would name: interpreters, servers, notebooks, compilers, with the version where a package tells it. */
  programs: { name: string; path: string; version: string }[];
  /** Every visible file, for pictures and for those who act on it; not in the JSON. */
  files: readonly FileReport[];
  /** Every file that later layers hide and whose content is not visible by another name; not in the JSON. */
  hiddenFiles: readonly HiddenFile[];
}

/** A hidden file with its content, each hard link once. */
export interface HiddenFile extends Hidden {
  bytes: number;
}

/** A visible file with all that is known of it. */
export interface FileReport {
  path: string;
  placed: Placed;
  package: Package | undefined;
  class: FileClass | undefined;
  /** The topmost folder of its class, where the class comes from where the file lies. */
  classRoot?: string | undefined;
  /** Its content, or 0 where another hard link of the same content was counted before. */
  bytes: number;
}
