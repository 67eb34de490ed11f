import { readImageName } from "../../catalog/image-name.ts";
import { defineRule } from "../rule.ts";

export const anacondaBase = defineRule({
  kind: "dockerfile",
  name: "anaconda-base",
  group: "base",
  severity: "info",
  aliases: [],
  meaning: "The base is the whole of Anaconda, hundreds of packages of which a service uses few.",
  why: "Anaconda brings Jupyter, Spyder's libraries, Bokeh and some 300 other packages, all in one version that is not yours to choose, and its default channel needs a paid licence in organisations of more than 200 people. `condaforge/miniforge3` is conda and mamba with the free channel (420 MB), `ghcr.io/prefix-dev/pixi` is smaller still; name the packages that the program needs.",
  examples: [
    {
      bad: "FROM continuumio/anaconda3:2024.10-1\nRUN true\n",
      good: "FROM condaforge/miniforge3:24.11.3-0\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { base, image } of file.stages) {
      if (base.kind !== "image" || image === undefined) continue;
      const name = readImageName(base.image)?.name ?? "";
      if (!/^continuumio\/anaconda3?$/.test(name)) continue;
      report({ at: image, message: `${name} brings hundreds of packages; miniforge3 has conda alone` });
    }
  },
});
