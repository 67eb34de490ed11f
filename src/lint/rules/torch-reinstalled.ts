import { readImageName } from "../../catalog/image-name.ts";
import { torchOfNgc } from "../../catalog/frameworks.ts";
import { torchCudaBytes } from "../../catalog/package-sizes.ts";
import { baseOf } from "../knowledge/bases.ts";
import { hasOption } from "../knowledge/installs.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { rootImage } from "../knowledge/variables.ts";
import { placeOfTorch, type TorchInstall, torchInstalls } from "../knowledge/torch-builds.ts";
import { defineRule } from "../rule.ts";

export const torchReinstalled = defineRule({
  kind: "dockerfile",
  name: "torch-reinstalled",
  group: "python",
  severity: "warning",
  aliases: [],
  meaning: "A second torch is installed over the one of the base image.",
  why: "The base's torch stays in its layers: what pip uninstalls there is hidden, not gone, so that each node pulls both, 5 GB and more. On NVIDIA's images the special build is lost as well. Take the base with the version that is wanted, keep torch out of the requirements (`uv pip install --excludes`, `uv sync --no-install-package torch`), or start from a plain Python image.",
  examples: [
    {
      bad: "FROM pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime\nRUN pip install --no-cache-dir torch==2.6.0\n",
      good: "FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime\nRUN pip install --no-cache-dir torch==2.6.0\n",
    },
    {
      bad: "FROM nvcr.io/nvidia/pytorch:25.01-py3\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\n",
      good: "FROM nvcr.io/nvidia/pytorch:25.01-py3\nRUN pip install --no-cache-dir einops\n",
      files: { "requirements.txt": "einops\ntorch==2.6.0\n" },
    },
  ],
  check(file, report, context) {
    const shipped = shippedStages(file);
    for (const found of torchInstalls(file, context)) {
      const { stage, asked, install } = found;
      const image = rootImage(stage);
      if (asked.name !== "torch" || image === undefined || !shipped.has(stage)) continue;
      const base = baseOf(stage);
      if (base?.frameworks.includes("torch") !== true) continue;
      const own = torchOfBase(image);
      const how = replaces(found, own);
      if (how === undefined) continue;
      const name = image.replace(/@.*$/, "");
      report({
        at: placeOfTorch(found),
        message: `${how} while ${name} already has torch${own === undefined ? "" : ` ${own.split("+")[0] ?? own}`}: both are stored`,
        waste: torchCudaBytes(found.version).disk,
      });
      if (install.manager === "uv") return;
    }
  },
});

/** What is installed again, in words; undefined where the base's torch is good enough or that cannot be said. */
function replaces(
  { asked, version, local, install, stage }: TorchInstall,
  own: string | undefined,
): string | undefined {
  const from = asked.file === undefined ? "" : ` (${asked.file})`;
  if (install.manager === "uv") {
    // uv makes an environment of its own, where nothing of the base is seen.
    const elsewhere =
      stage.end.variables.has("UV_PROJECT_ENVIRONMENT") || hasOption(install, "--active", "--inexact");
    return elsewhere || /system-site-packages/.test(install.script.text)
      ? undefined
      : `uv installs torch ${version ?? ""}${from} into .venv`;
  }
  if (version === undefined) {
    if (asked.version !== "" || !hasOption(install, "-U", "--upgrade", "--force-reinstall", "-I"))
      return undefined;
    return `pip installs the newest torch${from}`;
  }
  if (own === undefined || !/^\d+\.\d+\.\d+$/.test(version)) return undefined;
  const [number = ""] = own.split("+");
  // PEP 440: 2.6.0a0 of NVIDIA comes before 2.6.0 and does not count as it.
  if (number === version && local === undefined) return undefined;
  if (number === version && local !== undefined && own.includes("+") && own.endsWith(local)) return undefined;
  return number === version ? undefined : `torch ${version}${from} is installed`;
}

/** The torch in an image by its tag. */
function torchOfBase(image: string): string | undefined {
  const read = readImageName(image);
  if (read?.tag === undefined) return undefined;
  if (read.name === "pytorch/pytorch") return /^\d+\.\d+\.\d+/.exec(read.tag)?.[0];
  return read.name === "nvcr.io/nvidia/pytorch" ? torchOfNgc(read.tag) : undefined;
}
