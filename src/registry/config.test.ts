import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import { configJsonSchema } from "./config-schema.ts";
import { isLoopback, parseDuration, parseListen } from "./config-units.ts";
import { loadConfig } from "./config.ts";
import { checkExposure } from "./exposure.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const file = join(folder, "config.yaml");
  writeFileSync(file, text);
  return file;
}
const load = (text: string, flags: Parameters<typeof loadConfig>[0] = {}, env: Record<string, string> = {}) =>
  loadConfig({ config: write(text), ...flags }, { HOME: "/home/ann", ...env }).config;
function problem(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isDdiffError(error)) return `${error.message}. ${error.hint}`;
    throw error;
  }
  throw new Error("nothing was wrong");
}

const readOnly = (value: string): boolean =>
  load("read-only: true\n", {}, { DDIFF_SERVER_READ_ONLY: value })["read-only"];
const check = (text: string): void => checkExposure(load(text));

describe("a setting comes from", () => {
  test("the flag before the variable before the file before the default", () => {
    const file = "listen: 127.0.0.1:1\nlimits:\n  idle: 5m\n";
    const env = { DDIFF_SERVER_LISTEN: "127.0.0.1:2" };
    expect(load(file, { listen: "127.0.0.1:3" }, env).listen).toBe("127.0.0.1:3");
    expect(load(file, {}, env).listen).toBe("127.0.0.1:2");
    expect(load(file).listen).toBe("127.0.0.1:1");
    expect(load("").listen).toBe("127.0.0.1:5000");
    expect(load(file).limits).toMatchObject({ idle: 300_000, manifest: 4_194_304, uploads: 256 });
  });

  test("a switch's variable, which may say no to the file", () => {
    expect([readOnly("yes"), readOnly("0"), readOnly("off")]).toEqual([true, false, false]);
    expect(problem(() => readOnly("maybe"))).toMatch(/DDIFF_SERVER_READ_ONLY: read-only must be boolean/);
  });

  test("the original tool's variables, where nothing else says it", () => {
    const env = { DDIFF_PORT: "5601", DDIFF_REGISTRY_VOLUME: "/srv/registry" };
    expect(load("", {}, env)).toMatchObject({ listen: "127.0.0.1:5601", data: "/srv/registry" });
    expect(load("listen: :80\ndata: /x\n", {}, env)).toMatchObject({ listen: ":80", data: "/x" });
    expect(problem(() => load("", {}, { DDIFF_REGISTRY_VOLUME: "volume" }))).toMatch(/volume of Docker/);
    expect(problem(() => load("", {}, { DDIFF_PORT: "tcp://10.0.0.1:5000" }))).toMatch(/Kubernetes/);
  });

  test("a folder on the command line in place of the file's bucket, and the other way", () => {
    expect(load("s3: s3://b\n", { data: "/d" })).toMatchObject({ data: "/d" });
    expect(load("s3: s3://b\n", { data: "/d" }).s3).toBeUndefined();
    expect(load("data: /d\n", { s3: "s3://b/p" })).toMatchObject({ s3: "s3://b/p" });
    expect(load("data: /d\n", { s3: "s3://b/p" }).data).toBeUndefined();
    expect(problem(() => load("data: /d\ns3: s3://b\n"))).toMatch(/s3 and data are both there/);
    expect(problem(() => load("", { data: "/d", s3: "s3://b" }))).toMatch(/s3 and data are both there/);
  });

  test("a path in the file is meant from the file's folder, one on the command line from here", () => {
    const config = load("data: keep\naccess:\n  htpasswd: users\n", { "tls-cert": "c", "tls-key": "/k" });
    expect(config.data).toBe(join(folder, "keep"));
    expect(config.access.htpasswd).toBe(join(folder, "users"));
    expect(config.tls).toMatchObject({ cert: "c", key: "/k" });
  });

  test("several mirrors", () => {
    expect(load("", { mirror: ["docker.io", "ghcr.io"] }).mirrors.map((one) => one.host)).toEqual([
      "docker.io",
      "ghcr.io",
    ]);
    expect(load("", {}, { DDIFF_SERVER_MIRROR: "docker.io, ghcr.io" }).mirrors).toHaveLength(2);
  });
});

describe("what is wrong is named with its place and what was meant:", () => {
  test.each<[string, string, RegExp]>([
    ["an unknown key", "lissten: :80\n", /line 1: there is no "lissten"; did you mean "listen"\?/],
    [
      "one further in",
      "limits:\n  uploads: 1\n  idel: 5s\n",
      /line 3: there is no "idel" in limits; did you mean "idle"\?/,
    ],
    ["one like no other", "zzzz: 1\n", /there is no "zzzz": known are listen, url, data/],
    ["an underscore", "read_only: true\n", /did you mean "read-only"\?/],
    [
      "one in a list",
      "access:\n  rules:\n    - repos: [a]\n",
      /line 3: there is no "repos" in access.rules.0/,
    ],
    ["a time", "gc:\n  every: soon\n", /line 2: gc.every is neither a time such as 1h nor never/],
    ["a manifest beyond all others", "limits:\n  manifest: 5MiB\n", /limits.manifest is more than the 4MiB/],
    [
      "a time that is too long",
      "limits:\n  idle: 1000d\n",
      /limits.idle is not between a millisecond and 24 days/,
    ],
    ["a size", "limits:\n  blob: 4XB\n", /limits.blob is not a size such as 4GB/],
    ["a number", "limits:\n  uploads: many\n", /line 2: limits.uploads must be number/],
    ["an address", "listen: 127.0.0.1\n", /listen is not HOST:PORT/],
    ["a port", "listen: 127.0.0.1:70000\n", /listen is not HOST:PORT/],
    ["half a certificate", "tls:\n  cert: c\n", /tls.key is missing/],
    [
      "a rule for nobody",
      "access:\n  rules:\n    - { repositories: [a], actions: [pull] }\n",
      /access.rules.0 is for nobody/,
    ],
    [
      "an action",
      "access:\n  rules:\n    - { repositories: [a], users: [b], actions: [fly] }\n",
      /access.rules.0.actions.0 must be .*pull/,
    ],
    ["a network", "trusted-proxies: [10.0.0.0/33]\n", /trusted-proxies.0 is not an address or a network/],
    ["another file format", "[1, 2]\n", /not a list of KEY: VALUE/],
    ["broken YAML", "a: [1\nb: 2\n", /line \d/],
    ["a key twice", "listen: :1\nlisten: :2\n", /line 2: Map keys must be unique/],
  ])("%s", (_what, text, expected) => {
    expect(problem(() => load(text))).toMatch(expected);
  });

  test("a variable", () => {
    expect(problem(() => load("", {}, { DDIFF_SERVER_LISTN: ":80" }))).toMatch(
      /there is no variable DDIFF_SERVER_LISTN; did you mean "DDIFF_SERVER_LISTEN"\?/,
    );
    // Of a Kubernetes service by that name.
    load(
      "",
      {},
      { DDIFF_SERVER_SERVICE_HOST: "10.0.0.1", DDIFF_SERVER_PORT_5000_TCP: "tcp://10.0.0.1:5000" },
    );
  });

  test("all at once", () => {
    const text = problem(() => load("lissten: 1\nlimits:\n  idle: x\n", { listen: "nowhere" }));
    expect(text).toMatch(/lissten/);
    expect(text).toMatch(/limits.idle/);
    expect(text).toMatch(/--listen: listen is not/);
  });

  test("a file that is not there", () => {
    expect(problem(() => loadConfig({ config: "/nowhere/x.yaml" }, {}))).toMatch(
      /\/nowhere\/x.yaml is wrong: it cannot be read/,
    );
  });

  test("a file that grows a billionfold when read", () => {
    const lines = Array.from({ length: 12 }, (_, at) =>
      at === 0
        ? "a0: &a0 [x, x]"
        : `a${at}: &a${at} [${Array.from({ length: 9 }, () => `*a${at - 1}`).join(", ")}]`,
    );
    expect(problem(() => load(lines.join("\n")))).toMatch(/alias/i);
  });
});

test("the published schema is that of the program", () => {
  const file = join(import.meta.dirname, "..", "..", "docs", "server-config.schema.json");
  // Out of step? "npm run docs" writes it.
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(configJsonSchema());
});

describe("who reaches a server must be known", () => {
  test.each([
    "",
    "listen: localhost:5000\n",
    "listen: '[::1]:5000'\n",
    "listen: 127.1.2.3:5000\naccess: { htpasswd: u }\n",
    "listen: :5000\naccess: { open: true }\n",
    "listen: :5000\naccess: { htpasswd: u }\ntls: { cert: c, key: k }\n",
    "listen: :5000\naccess: { htpasswd: u }\ntls: { elsewhere: true }\n",
    "listen: :5000\ntls: { cert: c, key: k, client-ca: a }\n",
  ])("%j may start", (text) => check(text));

  test.each([
    ["listen: :5000\n", /no users.*--open/],
    ["listen: 0.0.0.0:5000\n", /no users/],
    ["listen: 192.168.1.2:5000\ntls: { cert: c, key: k }\n", /no users/],
    ["listen: 127.0.0.1.evil.example:5000\n", /no users/],
    ["listen: :5000\ntls: { cert: c, key: k, client-ca: a, client-cert: optional }\n", /no users/],
    ["listen: :5000\naccess: { htpasswd: u }\n", /without TLS.*--tls-cert/],
    ["access: { rules: [{ repositories: [a], users: [b], actions: [pull] }] }\n", /no users for whom/],
  ])("%j may not", (text, expected) => {
    expect(problem(() => check(text))).toMatch(expected);
  });
});

test("addresses and times", () => {
  expect(parseListen(":5000")).toEqual({ host: "::", port: 5000 });
  expect(parseListen("[::1]:5000")).toEqual({ host: "::1", port: 5000 });
  expect(parseListen("127.0.0.1:0")).toEqual({ host: "127.0.0.1", port: 0 });
  expect(parseListen("::1:5000")).toBeUndefined();
  expect(isLoopback("127.0.0.1")).toBe(true);
  expect(isLoopback("0.0.0.0")).toBe(false);
  expect(parseDuration("90s")).toBe(90_000);
  expect(parseDuration("1.5h")).toBe(5_400_000);
  expect([parseDuration("0s"), parseDuration("5"), parseDuration("-1h"), parseDuration("25d")]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("any file at all is read or refused with a sentence", () => {
  const yaml = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .array(fc.tuple(fc.constantFrom("listen", "tls", "access", "limits", "gc", "mirrors", "x"), fc.json()))
      .map((lines) => lines.map(([key, value]) => `${key}: ${value}`).join("\n")),
  );
  fc.assert(
    fc.property(yaml, (text) => {
      try {
        load(text);
      } catch (error) {
        expect(error).toMatchObject({ code: "CONFIG_INVALID", exitStatus: 2 });
      }
    }),
    { numRuns: 300 },
  );
});
