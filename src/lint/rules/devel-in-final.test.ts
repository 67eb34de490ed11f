import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { develInFinal } from "./devel-in-final.ts";

const devel = "FROM nvidia/cuda:12.8.1-devel-ubuntu24.04";

describe("the CUDA compiler in an image", () => {
  it.each([
    ["of a single stage", `${devel}\nRUN pip install torch\n`, "nothing here compiles"],
    [
      "where something is compiled",
      `${devel}\nRUN make -C /src\n`,
      "if something here compiles, do it in another stage",
    ],
    [
      "a name like an editor's",
      `${devel}\nRUN pip install torch vimeo nano-vectordb\n`,
      "nothing here compiles",
    ],
    ["below other stages", `${devel} AS base\nFROM base\nRUN pip install torch\n`, "nothing here compiles"],
    [
      "of pytorch",
      "FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel\nRUN pip install x\n",
      "nothing here compiles",
    ],
  ])("found: %s", (_, text, said) => {
    expect(messagesOf(develInFinal, text).map((one) => one.includes(said))).toEqual([true]);
  });

  it.each([
    ["only to build", `${devel} AS build\nRUN make\nFROM debian:12\nCOPY --from=build /a /a\n`],
    ["for development", `${devel} AS dev\nRUN true\nFROM debian:12\n`],
    ["kernels are compiled at run time", `${devel}\nRUN pip install deepspeed\n`],
    ["people work in it", `${devel}\nRUN APT="apt-get install -y" && $APT git \\\n  vim \\\n  cmake\n`],
    ["a script may need it", `${devel}\nCOPY . .\nRUN ./build.sh\n`],
    ["runtime", "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nRUN pip install torch\n"],
  ])("silent: %s", (_, text) => {
    expect(messagesOf(develInFinal, text)).toEqual([]);
  });
});
