import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { baseOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { runsScript } from "../knowledge/commands.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

/** Headers that people install for the library beside them. */
const libraries: Readonly<Record<string, string>> = {
  "libxrender-dev": "libxrender1",
  "libsm-dev": "libsm6",
  "libice-dev": "libice6",
  "libxext-dev": "libxext6",
  "libx11-dev": "libx11-6",
  "libgl1-mesa-dev": "libgl1",
  "libgl-dev": "libgl1",
  "libglib2.0-dev": "libglib2.0-0",
  "libsndfile1-dev": "libsndfile1",
  "libgtk2.0-dev": "libgtk2.0-0",
  "libusb-1.0-0-dev": "libusb-1.0-0",
};
const compilers =
  /^(?:build-essential|gcc(?:-\d+)?|g\+\+(?:-\d+)?|clang(?:-\d+)?|cmake|make|ninja-build|meson|autoconf|automake|libtool|pkg-config|python3?(?:\.\d+)?-dev|cython3?|swig|r-base-dev|golang.*|rustc)$/;

export const devPackageInRuntime = defineRule({
  kind: "dockerfile",
  name: "dev-package-in-runtime",
  group: "packages",
  severity: "info",
  aliases: [],
  meaning: "An image in which nothing is compiled installs the headers of a library.",
  why: "`libxrender-dev` is there for compilers: with it come the headers of X11 and their own dependencies. OpenCV needs `libxrender1` at most. Not reported where a compiler, make or a base for building is in the image.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends libsm6 libxrender-dev\n",
      good: "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends libsm6 libxrender1\n",
      fixed:
        "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends libsm6 libxrender1\n",
    },
  ],
  check(file, report) {
    if (!file.text.includes("-dev")) return;
    const seen = new Set<number>();
    for (const stage of imageStages(file)) {
      const instructions = instructionsOf(stage);
      const base = baseOf(stage);
      if (base === undefined || base.cuda?.flavour === "devel" || base.has.has("gcc")) continue;
      const installs = packageCommandsOf(file, instructions).filter(
        (one) => one.manager === "apt" && one.subcommand === "install",
      );
      const packages = installs.flatMap((one) => one.packages);
      if (packages.some((one) => compilers.test(one.name)) || compiles(file, instructions)) continue;
      for (const { name, word } of packages) {
        const library = Object.hasOwn(libraries, name) ? libraries[name] : undefined;
        if (library === undefined || seen.has(word.start)) continue;
        seen.add(word.start);
        report({
          at: word,
          message: `${name} brings headers to an image that compiles nothing; ${library} is the library`,
          ...(word.raw === name &&
            word.end - word.start === name.length && {
              fix: {
                title: `install ${library}`,
                risk: "unsafe",
                edits: [{ start: word.start, end: word.end, text: library }],
              },
            }),
        });
      }
    }
  },
});

const builders = new Set("make cmake gcc g++ cc c++ nvcc cargo rustc meson ninja configure go".split(" "));

/** What builds from source, or runs something that may. */
function compiles(file: Dockerfile, instructions: readonly Instruction[]): boolean {
  return instructions.some(
    (one) =>
      one.keyword === "RUN" &&
      (readShell(file, one).some(({ commands }) =>
        commands.some((command) => builders.has(command.name) || runsScript({ command })),
      ) ||
        /\bsetup\.py\b|git\+|--no-binary/.test(one.body.text)),
  );
}
