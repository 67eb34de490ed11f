import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { newFolder } from "../../places/testing/folders.ts";
import { type BuildBase, baseOfBuild } from "./base.ts";
import { chooseBuilder } from "./builder.ts";
import { isSet, lastOf, pairsOf, readBuildFlags } from "./flags.ts";
import { findResult } from "./result.ts";

const everything = (): boolean => true;

describe("the builder", () => {
  test.each<[string, string, string, string, string]>([
    ["-t x .", "docker", "docker build", "-t x .", "docker-daemon"],
    ["docker build -t x .", "docker", "docker build", "-t x .", "docker-daemon"],
    ["docker image build .", "docker", "docker image build", ".", "docker-daemon"],
    ["docker builder build .", "docker", "docker builder build", ".", "docker-daemon"],
    ["docker buildx build --load .", "buildx", "docker buildx build", "--load .", "docker-daemon"],
    ["docker buildx b .", "buildx", "docker buildx b", ".", "docker-daemon"],
    [
      "docker buildx --builder build build .",
      "buildx",
      "docker buildx --builder build build",
      ".",
      "docker-daemon",
    ],
    [
      "docker --context build -H tcp://x build .",
      "docker",
      "docker --context build -H tcp://x build",
      ".",
      "docker-daemon",
    ],
    ["docker --context=c build .", "docker", "docker --context=c build", ".", "docker-daemon"],
    [
      "/opt/bin/podman --root /x build -t a .",
      "podman",
      "/opt/bin/podman --root /x build",
      "-t a .",
      "containers-storage",
    ],
    ["podman buildx build .", "podman", "podman buildx build", ".", "containers-storage"],
    ["buildah bud -t a .", "buildah", "buildah bud", "-t a .", "containers-storage"],
    [
      "buildah --storage-driver vfs build .",
      "buildah",
      "buildah --storage-driver vfs build",
      ".",
      "containers-storage",
    ],
    ["docker", "docker", "docker build", "docker", "docker-daemon"],
    ["./docker", "docker", "docker build", "./docker", "docker-daemon"],
  ])("%s", (line, kind, command, args, transport) => {
    expect(chooseBuilder(line.split(" "), everything, false)).toEqual({
      kind,
      command: command.split(" "),
      args: args.split(" "),
      transport,
    });
  });

  test.each(["docker run x", "docker buildx bake", "podman pull x", "docker --context c", "buildah from x"])(
    "%s is refused",
    (line) => {
      expect(() => chooseBuilder(line.split(" "), everything, false)).toThrowError(
        expect.objectContaining({ code: "USAGE", exitStatus: 2 }),
      );
    },
  );

  test("is the first that is there, Podman first when forced", () => {
    expect(chooseBuilder(["."], (program) => program === "buildah", false).command).toEqual([
      "buildah",
      "build",
    ]);
    expect(chooseBuilder(["."], everything, true).command).toEqual(["podman", "build"]);
    expect(() => chooseBuilder(["."], (program) => program === "docker", true)).toThrowError(
      /none of podman, buildah/,
    );
    expect(() => chooseBuilder(["."], () => false, false)).toThrowError(
      expect.objectContaining({ code: "BUILDER_MISSING" }),
    );
  });
});

describe("arguments are read as builders read them", () => {
  test.each<[string[], Record<string, string[]>, string[]]>([
    [["-t", "a", "."], { tag: ["a"] }, ["."]],
    [["-ta", "."], { tag: ["a"] }, ["."]],
    [["-t=a", "."], { tag: ["a"] }, ["."]],
    [["--tag=a", "--tag", "b", "."], { tag: ["a", "b"] }, ["."]],
    [["-qt", "a", "."], { quiet: ["true"], tag: ["a"] }, ["."]],
    [["-qta", "."], { quiet: ["true"], tag: ["a"] }, ["."]],
    [[".", "-t", "a"], { tag: ["a"] }, ["."]],
    [["--no-cache", "--pull", "."], { "no-cache": ["true"], pull: ["true"] }, ["."]],
    [["--pull=always", "."], { pull: ["always"] }, ["."]],
    [["--build-arg", "X=a b", "."], { "build-arg": ["X=a b"] }, ["."]],
    [["-f", "-", "."], { file: ["-"] }, ["."]],
    [["-f-", "."], { file: ["-"] }, ["."]],
    [["-"], {}, ["-"]],
    [["-t", "-x", "."], { tag: ["-x"] }, ["."]],
    [["--", "-t", "."], {}, ["-t", "."]],
    [["--unheard-of", "v", "."], { "unheard-of": ["v"] }, ["."]],
    [["-t"], { tag: [""] }, []],
    [["--label", "", "."], { label: [""] }, ["."]],
  ])("%j", (args, values, positional) => {
    const flags = readBuildFlags(args);
    expect(Object.fromEntries(flags.values)).toEqual(values);
    expect(flags.positional).toEqual(positional);
  });

  test("switches may be switched off", () => {
    const flags = readBuildFlags(["--load=false", "--push", "--check=0"]);
    expect([isSet(flags, "load"), isSet(flags, "push"), isSet(flags, "check"), isSet(flags, "rm")]).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  test("the last value counts, and pairs without a value come from the environment", () => {
    const flags = readBuildFlags([
      "--target",
      "a",
      "--target=b",
      "--build-arg",
      "X",
      "--build-arg",
      "Y=1=2",
      "--build-arg=Z",
    ]);
    expect(lastOf(flags, "target")).toBe("b");
    expect(Object.fromEntries(pairsOf(flags, "build-arg", { X: "env" }))).toEqual({ X: "env", Y: "1=2" });
  });

  test("no arguments make the reader fail", () => {
    const word = fc.oneof(fc.constantFrom("-", "--", "-t", "--tag=", "-q=", "--=", "-="), fc.string());
    fc.assert(fc.property(fc.array(word), (words) => void readBuildFlags(words)));
  });
});

function where(line: string): { images: string[]; idFile?: string; extra: string[] } {
  const builder = chooseBuilder(line.split(" "), everything, false);
  return findResult(builder, readBuildFlags(builder.args), "/tmp/id");
}

describe("where the image will be", () => {
  test.each<[string, string[], string[]]>([
    ["docker build -t a:1 .", ["docker-daemon:a:1"], []],
    ["docker build -t a:1 --tag b .", ["docker-daemon:a:1", "docker-daemon:b"], []],
    ["podman build -t a:1 .", ["containers-storage:a:1"], []],
    ["docker buildx build -t a:1 .", ["docker-daemon:a:1"], ["--load"]],
    ["docker buildx build -t a:1 --load .", ["docker-daemon:a:1"], []],
    ["docker buildx build -t a:1 --platform linux/amd64,linux/arm64 .", ["docker-daemon:a:1"], []],
    ["docker buildx build -t r.io/a:1 --push .", ["docker://r.io/a:1"], []],
    ["docker buildx build -t r.io/a:1 -o type=registry .", ["docker://r.io/a:1"], []],
    ["docker buildx build -t r.io/a:1 --output=type=image,push=true .", ["docker://r.io/a:1"], []],
    ["docker buildx build -t r.io/a:1 --push --load .", ["docker-daemon:r.io/a:1"], []],
    ["docker build -t a:1 -o type=docker,dest=x.tar .", ["docker-archive:x.tar"], []],
    ["docker build -t a:1 -otype=oci,dest=x.tar .", ["oci-archive:x.tar"], []],
    ["docker build --output type=oci,dest=d,tar=false .", ["oci:d"], []],
    ["docker build -t a:1 -o type=docker .", ["docker-daemon:a:1"], []],
  ])("%s", (line, images, extra) => {
    expect(where(line)).toEqual({ images, extra });
  });

  test("without a tag the builder writes the ID into a file", () => {
    expect(where("docker build .")).toEqual({
      images: [],
      idFile: "/tmp/id",
      extra: ["--iidfile", "/tmp/id"],
    });
    expect(where("docker build --iidfile own .")).toEqual({ images: [], idFile: "own", extra: [] });
    expect(where("docker buildx build .").extra).toEqual(["--load", "--iidfile", "/tmp/id"]);
  });

  test.each([
    "docker build -o out .",
    "docker build -o - .",
    "docker build --output type=local,dest=x .",
    "docker build --output type=cacheonly .",
    "docker build --check .",
    "docker build --call=outline .",
    "podman build --help",
  ])("%s makes no image and is refused before it is run", (line) => {
    expect(() => where(line)).toThrowError(
      expect.objectContaining({ code: "BUILD_NO_IMAGE", exitStatus: 2 }),
    );
  });
});

describe("the base of a build", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await newFolder();
    for (const name of ["ctx", "docker", "empty"]) mkdirSync(join(folder, name));
    const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);
    write("ctx/Dockerfile", "ARG T=1\nFROM in-context:${T} AS one\nFROM two:2\n");
    write("ctx/other", "FROM other:1\n");
    write("docker/gpu.Dockerfile", "FROM gpu:${CUDA:-12}\n");
    write("empty/dockerfile", "FROM lower:1\n");
    write("empty/Containerfile", "FROM container:1\n");
    write("pre.in", "FROM x\n");
  });

  async function base(line: string, input = ""): Promise<BuildBase> {
    const words = line.split(" ").map((word) => word.replace(/(?<=^|=)@/, `${folder}/`));
    const builder = chooseBuilder(words, everything, false);
    return baseOfBuild(builder, readBuildFlags(builder.args), {
      env: { T: "env" },
      readStandardInput: async () => Buffer.from(input),
    });
  }

  test.each([
    ["docker build @ctx", "docker-daemon:two:2"],
    ["docker build --target one @ctx", "docker-daemon:in-context:1"],
    ["docker build --target one --build-arg T=2 @ctx", "docker-daemon:in-context:2"],
    ["docker build --target one --build-arg T @ctx", "docker-daemon:in-context:env"],
    ["docker build -f @ctx/other @ctx", "docker-daemon:other:1"],
    ["docker build @ctx -f=@docker/gpu.Dockerfile", "docker-daemon:gpu:12"],
    ["docker build --file @docker/gpu.Dockerfile @ctx", "docker-daemon:gpu:12"],
    ["docker build @empty", "docker-daemon:lower:1"],
    ["docker build -f @docker/gpu.Dockerfile https://example.org/x.git", "docker-daemon:gpu:12"],
    ["podman build @empty", "containers-storage:container:1"],
    ["podman build -f other @ctx", "containers-storage:other:1"],
    ["podman build --from new:1 --target one @ctx", "containers-storage:new:1"],
    ["docker build --build-context two:2=docker-image://three:3 @ctx", "docker-daemon:three:3"],
    ["docker build --build-context two:2=oci-layout:///srv/layout:tag @ctx", "oci:/srv/layout:tag"],
  ])("%s", async (line, place) => {
    expect(await base(line)).toEqual({ bases: [place] });
  });

  test("a Dockerfile on standard input is kept for the builder", async () => {
    expect(await base("docker build -f - @ctx", "FROM scratch\n")).toEqual({
      bases: [],
      standardInput: Buffer.from("FROM scratch\n"),
    });
  });

  test.each<[string, string, RegExp]>([
    ["docker build -", "BASE_UNKNOWN", /context is standard input/],
    ["docker build https://example.org/x.tar", "BASE_UNKNOWN", /is a URL/],
    ["docker build git@example.org:x.git", "BASE_UNKNOWN", /is a URL/],
    ["docker build @nothing", "BASE_UNKNOWN", /no folder here/],
    ["docker build -f https://example.org/Dockerfile @ctx", "BASE_UNKNOWN", /is a URL/],
    ["podman build -f @ctx/other -f @ctx/Dockerfile @ctx", "BASE_UNKNOWN", /joined/],
    ["podman build -f @pre.in @ctx", "BASE_UNKNOWN", /preprocessor/],
    ["docker build --build-context two:2=../x @ctx", "BASE_UNKNOWN", /two:2=\.\.\/x/],
    ["docker build -f @nothing @ctx", "DOCKERFILE_MISSING", /there is no .*nothing/],
    ["docker build @docker", "DOCKERFILE_MISSING", /docker\/Dockerfile/],
    ["docker build -t x", "USAGE", /needs a build context/],
    ["docker build --target three @ctx", "TARGET_MISSING", /three/],
  ])("%s: %s", async (line, code, sentence) => {
    await expect(base(line)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(sentence),
      hint: expect.any(String),
    });
  });
});
