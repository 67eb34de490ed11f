import { appendCall } from "../knowledge/append-command.ts";
import type { CacheKind } from "../knowledge/caches.ts";
import { keptCaches, placeOf } from "../knowledge/kept-caches.ts";
import { defineRule } from "../rule.ts";

const cache: CacheKind = {
  folders: ["/opt/conda/pkgs"],
  movedBy: [{ name: "CONDA_PKGS_DIRS", below: "" }],
  offBy: [],
  offOptions: ["--no-cache", "--download-only"],
  folderOption: undefined,
  removed: /\/pkgs(?:\/|$)/,
  cleans: (command) => command.manager === "conda" && command.action === "clean",
};

export const condaCacheKept = defineRule({
  kind: "dockerfile",
  name: "conda-cache-kept",
  group: "caches",
  severity: "warning",
  aliases: [],
  meaning: "conda, mamba or micromamba leaves its downloaded packages in the layer.",
  why: "`pkgs/` holds each package as it was downloaded, next to its unpacked files: 1 to 5 GB for a CUDA environment. The unpacked files are hard links into the environment and cost nothing in the same layer, the archives do. `conda clean -afy` in the same RUN removes both; in a later RUN it saves nothing. Silent where the script asks first whether conda is there.",
  examples: [
    {
      bad: "FROM condaforge/miniforge3:24.11.3-2\nRUN conda install -y pytorch\n",
      good: "FROM condaforge/miniforge3:24.11.3-2\nRUN conda install -y pytorch && conda clean -afy\n",
      fixed: "FROM condaforge/miniforge3:24.11.3-2\nRUN conda install -y pytorch && conda clean -afy\n",
    },
    {
      bad: "FROM mambaorg/micromamba:2.0.5\nRUN micromamba install -y -n base -f /tmp/env.yaml\n",
      good: "FROM mambaorg/micromamba:2.0.5\nRUN micromamba install -y -n base -f /tmp/env.yaml && rm -rf /opt/conda/pkgs\n",
      fixed:
        "FROM mambaorg/micromamba:2.0.5\nRUN micromamba install -y -n base -f /tmp/env.yaml && micromamba clean -afy\n",
    },
  ],
  check(file, report) {
    const kept = keptCaches(
      file,
      cache,
      ({ manager, action }) => manager === "conda" && (action === "install" || action === "upgrade"),
    );
    for (const { installs } of kept) {
      const [first] = installs;
      if (first === undefined || isElsewhere(first.instruction.flags)) continue;
      // Whoever asks for it first cannot be sure that it is there, and then nothing is downloaded.
      if (/(?:command -v|which|type|hash)\s+(?:conda|mamba)\b/.test(first.script.text)) continue;
      const { name } = first.command;
      const edit = appendCall(file, first, /^(?:conda|mamba|micromamba)$/, "clean -afy");
      report({
        at: placeOf(installs),
        message: `${name} keeps the packages that it downloads in pkgs/`,
        ...(edit !== undefined && {
          fix: { title: `run ${name} clean in the same RUN`, risk: "safe", edits: [edit] },
        }),
      });
    }
  },
});

/** A mount on a `pkgs` folder, wherever conda lives. */
function isElsewhere(flags: readonly { readonly value: string | undefined }[]): boolean {
  return flags.some((flag) => /(?:target|dst|destination)=[^,]*pkgs/.test(flag.value ?? ""));
}
