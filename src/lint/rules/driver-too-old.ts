import { type Answer, driverRuns, driverRunsWheel } from "../../catalog/cuda.ts";
import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import type { Stage } from "../../dockerfile/document.ts";
import { baseOf, chainOf, imageStages } from "../knowledge/bases.ts";
import { bringsCuda, torchBuilds, torchOfBase } from "../knowledge/torch-builds.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const driverTooOld = defineRule({
  kind: "dockerfile",
  name: "driver-too-old",
  group: "cuda",
  severity: "error",
  aliases: [],
  meaning: "The image, or the torch in it, does not run on the driver that `--driver` names.",
  why: "`nvidia/cuda` images carry `NVIDIA_REQUIRE_CUDA`: the container does not start where the driver is older, except on branches that it lists, and since 12.5 those leave GeForce out. Wheels are less strict: all of CUDA 12 run on driver 525.60.13, all of CUDA 13 need 580. So a GeForce with driver 550 runs wheels of CUDA 12.8 on `ubuntu:24.04` and is refused by `nvidia/cuda:12.8.1`. It is silent without `--driver`, and about the image where `NVIDIA_DISABLE_REQUIRE` is set.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nRUN true\n",
      good: "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nRUN true\n",
      target: { driver: "550", gpus: [{ name: "GeForce RTX 4090", capability: "8.9", geforce: true }] },
    },
    {
      bad: "FROM python:3.12-slim\nRUN pip install torch==2.11.0\n",
      good: "FROM python:3.12-slim\nRUN pip install torch==2.10.0\n",
      target: { driver: "570" },
    },
  ],
  check(file, report, context) {
    const { driver, gpus } = context.target;
    if (driver === undefined) return;
    const geforce = gpus.some((one) => one.geforce);
    for (const stage of imageStages(file)) {
      const image = imageAnswer(stage, driver, geforce);
      if (image?.runs === false) {
        const at = chainOf(stage)[0]?.image ?? stage.from;
        report({ at, message: `${rootImage(stage)} does not start on driver ${driver}: ${image.reason}` });
        continue;
      }
      // Images of other makers have their own torch, which pip is content with.
      if (baseOf(stage) === undefined) continue;
      const torch = torchBuilds(file, stage, context).at(-1) ?? torchOfBase(stage);
      if (torch?.cuda === undefined || !torch.certain || !bringsCuda(torch)) continue;
      const wheel = driverRunsWheel(driver, torch.cuda);
      if (wheel.runs === false)
        report({ at: torch.at, message: `${torch.said} finds no GPU on driver ${driver}: ${wheel.reason}` });
    }
  },
});

function imageAnswer(stage: Stage, driver: string, geforce: boolean): Answer | undefined {
  const image = rootImage(stage);
  const tag = image === undefined ? undefined : cudaTagOf(image);
  const parts = tag === undefined ? undefined : parseCudaTag(tag);
  if (parts === undefined || /^(?:1|true)$/i.test(stage.end.env.get("NVIDIA_DISABLE_REQUIRE") ?? ""))
    return undefined;
  return driverRuns(driver, parts.cuda, geforce);
}
