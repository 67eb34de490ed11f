import { describeBase } from "../../catalog/base-images.ts";
import { readImageName } from "../../catalog/image-name.ts";
import { languageEnded } from "../../catalog/os-releases.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

export const languageEndOfLife = defineRule({
  kind: "dockerfile",
  name: "language-end-of-life",
  group: "base",
  severity: "warning",
  aliases: [],
  meaning: "The base or an environment has a release of Python or Node without security updates.",
  why: "Nobody mends holes in it, and new packages have no wheels for it: torch stopped Python 3.8 with 2.5, NumPy with 1.25, so that pip quietly takes old versions or compiles. The dates are those of python.org and nodejs.org.",
  examples: [
    {
      bad: "FROM python:3.8-slim\nRUN true\n",
      good: "FROM python:3.12-slim\nRUN true\n",
    },
    {
      bad: "FROM condaforge/miniforge3:24.11.3-0\nRUN conda create -y -n app python=3.7 numpy\n",
      good: "FROM condaforge/miniforge3:24.11.3-0\nRUN conda create -y -n app python=3.12 numpy\n",
    },
  ],
  check(file, report, { today }) {
    const told = new Set<string>();
    for (const { base, image } of file.stages) {
      if (base.kind !== "image" || image === undefined || told.has(base.image)) continue;
      const found = languageOf(base.image);
      const ended = found && languageEnded(found.language, found.version, today);
      if (found === undefined || ended === undefined) continue;
      told.add(base.image);
      report({
        at: image,
        message: `${base.image} has ${found.name} ${found.version}, without security updates since ${ended}`,
      });
    }
    for (const install of packageCommandsOf(file, file.instructions)) {
      if (install.manager !== "conda") continue;
      for (const { name, version, word } of install.packages) {
        const release = name === "python" ? /^={1,2}(\d\.\d+)/.exec(version)?.[1] : undefined;
        const ended = release && languageEnded("python", release, today);
        if (release === undefined || ended === undefined) continue;
        report({
          at: word,
          message: `the environment has Python ${release}, without security updates since ${ended}`,
        });
      }
    }
  },
});

function languageOf(
  image: string,
): { language: "python" | "node"; name: string; version: string } | undefined {
  const read = readImageName(image);
  if (read?.name === "node") {
    const version = /^\d+(?=$|[.-])/.exec(read.tag ?? "")?.[0];
    return version === undefined ? undefined : { language: "node", name: "Node", version };
  }
  const version = describeBase(image)?.python;
  return version === undefined ? undefined : { language: "python", name: "Python", version };
}
