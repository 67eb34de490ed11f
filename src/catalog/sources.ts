/** Where facts of the catalogue were read, and when. */
interface Source {
  /** An address, or a repository with the path in it. */
  readonly from: string;
  /** The day on which it was read, or that it bears: `2026-11-21`. */
  readonly on: string;
}

/** Every source of the catalogue by a short name, which tables and rows refer to. */
export const sources = {
  "nvidia-gpus": { from: "https://developer.nvidia.com/cuda-gpus and /cuda-legacy-gpus", on: "2026-08-22" },
  "nvidia-compatibility": {
    from: "https://docs.nvidia.com/deploy/cuda-compatibility, read through astral-sh/uv crates/uv-torch/src/backend.rs at 26a9dd4b21",
    on: "2026-08-21",
  },
  "nvidia-toolkit-notes": {
    from: "https://docs.nvidia.com/cuda/cuda-toolkit-release-notes, supported and deprecated architectures",
    on: "2026-08-22",
  },
  "nvidia-runfiles": {
    from: "names of NVIDIA's installers (cuda_TOOLKIT_DRIVER_linux.run) in public scripts",
    on: "2026-08-22",
  },
  "nvidia-images": {
    from: "gitlab.com/nvidia/container-images/cuda doc/supported-tags.md and doc/unsupported-tags.md (mirror pdtgct/cuda at e3c1b680)",
    on: "2025-12-15",
  },
  "nvidia-image-files": {
    from: "gitlab.com/nvidia/container-images/cuda dist/*/*/Dockerfile (mirror pdtgct/cuda at e3c1b680)",
    on: "2025-12-15",
  },
  "nvidia-image-ends": {
    from: "gitlab.com/nvidia/container-images/cuda doc/container_tags.xlsx, the chart of ends of life (mirror pdtgct/cuda at e3c1b680)",
    on: "2024-12-03",
  },
  cog: {
    from: "replicate/cog pkg/config/*_compatibility.json at 6110c912 and pull request 3016",
    on: "2026-08-21",
  },
  "rocker-versions": { from: "rocker-org/rocker-versioned2 and vast-ai/base-image README", on: "2026-08-22" },
  "torch-release": {
    from: "pytorch/pytorch RELEASE.md, release and CUDA support matrices",
    on: "2026-08-22",
  },
  "torch-builds": {
    from: "pytorch/pytorch .ci/manywheel/build_cuda.sh and issue 157517, torch.cuda.get_arch_list() in public logs",
    on: "2026-08-22",
  },
  pypi: {
    from: "https://pypi.org, requirements of each release resolved with uv 0.13.8 for Linux",
    on: "2026-11-21",
  },
  "torch-matrix": {
    from: "pytorch/pytorch .github/scripts/generate_binary_build_matrix.py of the release branches, the requirements of each CUDA",
    on: "2026-11-21",
  },
  "torch-logs": {
    from: "requirements that pip printed for torch 2.4.0+cu124 in public logs, and pins for 2.4.1+cu124 in public scripts",
    on: "2026-11-21",
  },
  "pip-logs": { from: "sizes that pip printed in public build logs", on: "2026-08-22" },
  "tensorflow-install": {
    from: "https://www.tensorflow.org/install/source, tested build configurations, by way of cog",
    on: "2026-08-21",
  },
  "jax-install": { from: "https://docs.jax.dev/en/latest/installation.html", on: "2026-08-22" },
  "onnxruntime-cuda": {
    from: "https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider",
    on: "2026-08-22",
  },
  "ngc-notes": {
    from: "https://docs.nvidia.com/deeplearning/frameworks release notes and Triton's compatibility page",
    on: "2026-08-22",
  },
  "end-of-life": { from: "endoflife-date/endoflife.date products/*.md at a70eca337", on: "2026-08-22" },
  "distro-info": {
    from: "ubuntu.csv and debian.csv of Debian's package distro-info-data 0.58+deb12u7",
    on: "2026-11-21",
  },
  "docker-library": { from: "docker-library/official-images library/*", on: "2026-08-22" },
  "debian-packages": {
    from: "deb.debian.org main/binary-amd64/Packages of bullseye, bookworm and trixie, and apt-get install --simulate",
    on: "2026-11-21",
  },
  "ubuntu-packages": {
    from: "packages.ubuntu.com and reports of failed installs in public threads",
    on: "2026-08-22",
  },
  "image-files": {
    from: "the Dockerfiles of the images themselves, in their own repositories",
    on: "2026-08-22",
  },
  "public-measures": { from: "sizes that public issues and registries give", on: "2026-08-22" },
} as const satisfies Record<string, Source>;

/** The short name of a source. */
export type SourceName = keyof typeof sources;

/** The day of the newest source: for what has to say the same on each day, although it speaks of what has ended. */
export const catalogueDay =
  Object.values(sources)
    .map(({ on }) => on)
    .sort()
    .at(-1) ?? "";
