import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../test/support/run.ts";

/** A program of the folder `go` here, built with one version of Go and of the library that does the packing. */
export interface GoMaker {
  title: string;
  source: string;
  /** As toolchains are called: `go1.22.12`. */
  toolchain: string;
  /** The library's module and version; none where it is Go's own. */
  module?: string;
  version?: string;
  /** What stands for the library's path in the source, and the path. */
  path?: [string, string];
  words?: string[];
}

const image = "github.com/containers/image/v5";

/** Builders by the libraries that they pack layers with. */
export const goMakers: readonly GoMaker[] = [
  ...["go1.18.10", "go1.22.12", "go1.26.8"].flatMap((toolchain) =>
    [6, 1, 9].map((level) => ({
      title: `Go compress/gzip, level ${level}`,
      source: "gzip",
      toolchain,
      words: [String(level)],
    })),
  ),
  ...[6, 1, 9].map((level) => ({
    title: `Go compress/gzip, level ${level}`,
    source: "gzip",
    toolchain: "go1.27.4",
    words: [String(level)],
  })),
  {
    title: "BuildKit",
    source: "buildkit",
    toolchain: "go1.20.14",
    module: "github.com/moby/buildkit",
    version: "v0.12.5",
    words: ["gzip"],
  },
  ...["gzip", "gzip 9", "zstd", "zstd 2", "zstd 8"].map((word) => {
    const [format = "", level] = word.split(" ");
    return {
      title: `BuildKit${format === "gzip" ? "" : `, ${format}`}${level === undefined ? "" : `, compression-level=${level}`}`,
      source: "buildkit",
      toolchain: "go1.26.8",
      module: "github.com/moby/buildkit",
      version: "v0.23.2",
      words: word.split(" "),
    };
  }),
  {
    title: "containerd",
    source: "containerd",
    toolchain: "go1.22.12",
    module: "github.com/containerd/containerd",
    version: "v1.7.27",
    path: ["CONTAINERD", "github.com/containerd/containerd/archive"],
  },
  {
    title: "containerd",
    source: "containerd",
    toolchain: "go1.26.8",
    module: "github.com/containerd/containerd/v2",
    version: "v2.1.4",
    path: ["CONTAINERD", "github.com/containerd/containerd/v2/pkg/archive"],
  },
  {
    title: "kaniko, crane, ko (go-containerregistry)",
    source: "ggcr",
    toolchain: "go1.22.12",
    module: "github.com/google/go-containerregistry",
    version: "v0.19.2",
  },
  {
    title: "kaniko, crane, ko (go-containerregistry)",
    source: "ggcr",
    toolchain: "go1.26.8",
    module: "github.com/google/go-containerregistry",
    version: "v0.20.6",
  },
  {
    title: "eStargz (stargz-snapshotter)",
    source: "estargz",
    toolchain: "go1.26.8",
    module: "github.com/containerd/stargz-snapshotter/estargz",
    version: "v0.16.3",
    words: ["input"],
  },
  ...[
    ["go1.20.14", "v5.24.1", "gzip"],
    ["go1.22.12", "v5.30.1", "gzip"],
    ["go1.26.8", "v5.36.2", "gzip"],
    ["go1.20.14", "v5.24.1", "zstd"],
    ["go1.26.8", "v5.36.2", "zstd"],
    ["go1.26.8", "v5.36.2", "zstd", "1"],
    ["go1.26.8", "v5.36.2", "zstd", "9"],
  ].map(([toolchain = "", version = "", format = "", ...level]) => ({
    title: `podman, buildah, skopeo, CRI-O (containers/image)${[format === "gzip" ? "" : `, ${format}`, ...level].join(", level ")}`,
    source: "containers-image",
    toolchain,
    module: image,
    version,
    path: ["IMAGE", image] as [string, string],
    words: [format, ...level],
  })),
  {
    title: "podman, buildah, skopeo, CRI-O (container-libs)",
    source: "containers-image",
    toolchain: "go1.26.8",
    module: "go.podman.io/image/v5",
    version: "v5.38.0",
    path: ["IMAGE", "go.podman.io/image/v5"],
    words: ["gzip"],
  },
  ...[
    ["go1.20.14", "v1.45.3", "github.com/containers/storage"],
    ["go1.22.12", "v1.53.0", "github.com/containers/storage"],
    ["go1.22.12", "v1.57.2", "github.com/containers/storage"],
    ["go1.26.8", "v1.59.1", "github.com/containers/storage"],
    ["go1.26.8", "v1.65.0", "go.podman.io/storage"],
  ].flatMap(([toolchain = "", version = "", module = ""]) =>
    (version === "v1.59.1" ? ["1", "3", "8", "10"] : ["3", "10"]).map((level) => ({
      title: `podman, skopeo: zstd:chunked, level ${level}${level === "10" ? " (their default)" : ""}`,
      source: "zstd-chunked",
      toolchain,
      module,
      version,
      path: ["STORAGE", module] as [string, string],
      words: [level],
    })),
  ),
];

/** Builds a maker below `work`; answers its program. Throws what Go says. */
export async function buildGoMaker(maker: GoMaker, work: string): Promise<string> {
  const { source, toolchain, module = "go", version = "" } = maker;
  const folder = join(work, "go", `${source}-${toolchain}-${version}-${module.replaceAll("/", "-")}`);
  mkdirSync(folder, { recursive: true });
  const [from = "", to = ""] = maker.path ?? [];
  const text = readFileSync(join(import.meta.dirname, "go", source, "main.go"), "utf8");
  writeFileSync(join(folder, "main.go"), text.replaceAll(from === "" ? "\0" : from, to));
  writeFileSync(join(folder, "go.mod"), "module made\n");
  const env = { ...process.env, GOTOOLCHAIN: toolchain, GOFLAGS: "-mod=mod" };
  const go = async (...args: string[]): Promise<void> => {
    const done = await run("go", args, { cwd: folder, env });
    if (done.status !== 0) throw new Error(`go ${args.join(" ")}: ${done.stderr.trim().split("\n").at(-1)}`);
  };
  if (maker.module !== undefined) await go("get", `${module}@${version}`);
  await go("mod", "tidy");
  await go("build", "-o", "maker", ".");
  return join(folder, "maker");
}
