import { describe, expect, test } from "vitest";
import { commands } from "./commands.ts";
import { parseCommandLine } from "./program.ts";

function parse(...argv: string[]) {
  return parseCommandLine(argv, commands);
}

describe("options", () => {
  test("of a command come by their names, each in its kind", () => {
    expect(
      parse("diff", "--base", "a", "--base=b", "-o", "x.ddiff", "c", "--whole-layers", "d"),
    ).toMatchObject({
      kind: "run",
      command: { name: "diff" },
      args: ["c", "d"],
      options: {
        base: ["a", "b"],
        output: "x.ddiff",
        "whole-layers": true,
        fast: false,
        have: undefined,
        platform: [],
      },
    });
  });

  test("that are global count before and after the command", () => {
    for (const line of [
      ["--json", "-q", "--ca", "f", "have"],
      ["have", "--json", "-q", "--ca", "f"],
      ["--json", "have", "-q", "--ca=f"],
    ]) {
      expect(parse(...line)).toMatchObject({
        kind: "run",
        globals: { json: true, quiet: true, ca: "f", insecure: false },
      });
    }
    expect(parse("--tempdir", "a", "have", "--tempdir", "b")).toMatchObject({ globals: { tempdir: "b" } });
  });

  test("end at --", () => {
    expect(parse("diff", "--", "-a", "--base")).toMatchObject({
      args: ["-a", "--base"],
      options: { base: [] },
    });
  });
});

describe("build passes words on", () => {
  test.each<[string[], string[], Record<string, unknown>]>([
    [["-t", "x", "."], ["-t", "x", "."], {}],
    [
      ["-t", "x", ".", "--base", "y", "--fast"],
      ["-t", "x", ".", "--base", "y", "--fast"],
      { base: [], fast: false },
    ],
    [["--base", "y", "--fast", "-t", "x", "."], ["-t", "x", "."], { base: ["y"], fast: true }],
    [
      ["--bundle=f", "docker", "build", "--json", "-q", "."],
      ["docker", "build", "--json", "-q", "."],
      { bundle: "f" },
    ],
    [["-q", "."], ["-q", "."], {}],
    [["-o", "type=oci,dest=x", "."], ["-o", "type=oci,dest=x", "."], { bundle: undefined }],
    [["--fast", "--", "--base", "y"], ["--base", "y"], { fast: true, base: [] }],
    [["-t", "x", "--", "."], ["-t", "x", "--", "."], {}],
    [[".", "-h"], [".", "-h"], {}],
    [["--build-arg", "", "."], ["--build-arg", "", "."], {}],
  ])("%j", (words, args, options) => {
    const parsed = parse("--quiet", "build", ...words);
    expect(parsed).toMatchObject({ kind: "run", args, options, globals: { quiet: true, json: false } });
  });

  test("its own help is asked for in front only", () => {
    expect(parse("build", "--help")).toMatchObject({ kind: "help", command: { name: "build" } });
    expect(parse("build", "docker", "build", "--help")).toMatchObject({ kind: "run" });
  });
});

describe("the data of the commands", () => {
  test.each(commands.map((command) => [command.name, command] as const))(
    "%s has examples that parse",
    (_name, command) => {
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) {
        const own = example.command.split(/ [|>] /)[0] ?? "";
        const words = [...own.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
        while (words[0]?.includes("=")) words.shift();
        expect(words.shift()).toBe("ddiff");
        expect(parse(...words)).toMatchObject({ kind: "run" });
      }
    },
  );

  test("no option of build has a name that a builder uses", () => {
    const build = commands.find((command) => command.name === "build");
    // Every long option of docker build, docker buildx build, podman build and buildah build.
    const builders = `add-host all-platforms allow annotation arch attest authfile build-arg build-arg-file build-context builder
      cache-from cache-to cache-ttl call cap-add cap-drop cert-dir cgroup-parent cgroupns check compat-volumes compress cpp-flag cpu-period
      cpu-quota cpu-shares cpuset-cpus cpuset-mems created-annotation creds cw debug decryption-key device disable-compression
      disable-content-trust dns dns-option dns-search env file force-rm format from group-add help hooks-dir http-proxy identity-label
      ignorefile iidfile inherit-annotations inherit-labels ipc isolation jobs label layer-label layers load logfile logsplit manifest memory
      memory-swap metadata-file network no-cache no-cache-filter no-hostname no-hosts omit-history os os-feature os-version output pid platform
      policy progress provenance pull push quiet retry retry-delay rewrite-timestamp rm root runtime runtime-flag rusage-logfile sbom
      sbom-output secret security-opt shm-size sign-by signature-policy skip-unused-stages source-date-epoch source-policy-file squash
      squash-all ssh stdin stream tag target timestamp tls-verify transient-run-mount ulimit unsetannotation unsetenv unsetlabel userns
      userns-gid-map userns-gid-map-group userns-uid-map userns-uid-map-user uts variant volume`;
    const taken = new Set(builders.split(/\s+/));
    expect(Object.keys(build?.options ?? {}).filter((name) => taken.has(name))).toEqual([]);
    expect(Object.values(build?.options ?? {}).filter((option) => option.short !== undefined)).toEqual([]);
  });
});
