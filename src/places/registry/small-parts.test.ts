import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectionFor } from "./connection.ts";
import { endpointOf, ownRegistry } from "./endpoint.ts";
import { fallbackTag } from "./referrers.ts";
import { parseRetryAfter } from "./retry.ts";
import { context } from "./testing/fixtures.ts";
import { bytesHeld, closingAddress } from "./upload-session.ts";

const origins = (domain: string, insecure = false, env: Record<string, string> = {}): string[] =>
  endpointOf(domain, { env, insecure }).origins;

it.each(["localhost:5000", "127.0.0.1:5000", "127.8.9.1", "[::1]:5000"])(
  "is tried after HTTPS on this machine: %s",
  (domain) => {
    expect(origins(domain)).toEqual([`https://${domain}`, `http://${domain}`]);
  },
);

describe("plain HTTP", () => {
  it.each([
    "registry.example",
    "10.0.0.1:5000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "docker.io",
  ])("is not tried elsewhere: %s", (domain) => {
    expect(origins(domain)).toHaveLength(1);
    expect(origins(domain)[0]).toMatch(/^https:/);
  });

  it("is tried elsewhere when the user says so, by --insecure or by DDIFF_URL", () => {
    expect(origins("registry.example", true)).toContain("http://registry.example");
    const env = { DDIFF_URL: "http://registry.example:5000" };
    expect(origins("registry.example:5000", false, env)[0]).toBe("http://registry.example:5000");
    expect(origins("other.example:5000", false, env)).toEqual(["https://other.example:5000"]);
  });
});

it("knows Docker Hub's real host", () => {
  expect(endpointOf("docker.io", { env: {}, insecure: false }).host).toBe("registry-1.docker.io");
});

it.each([
  [{}, "localhost:5000", true],
  [{ DDIFF_PORT: "5001" }, "localhost:5001", true],
  [{ DDIFF_URL: "https://registry.example/" }, "registry.example", false],
  [{ DDIFF_URL: "registry.example:5000" }, "registry.example:5000", false],
])("reads the registry of bare names from %j", (env, domain, plain) => {
  expect(ownRegistry(env)).toEqual({ domain, plain });
});

it.each([
  ["5", 5000],
  ["0", 0],
  ["Thu, 01 Jan 1970 00:01:00 GMT", 50_000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["soon", undefined],
  ["-1", undefined],
  [undefined, undefined],
])("reads Retry-After: %s", (value, expected) => {
  expect(parseRetryAfter(value, 10_000)).toBe(expected);
});

it.each([
  ["0-99", 100],
  ["bytes=0-99", 100],
  ["0-0", 0],
  ["5-99", undefined],
  ["0--1", undefined],
  ["0-99999999999999999999", undefined],
])("reads how much an upload has from Range: %s", (range, expected) => {
  expect(bytesHeld({ headers: { range } })).toBe(expected);
});

it("keeps an upload's own query when it is closed", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9%~+/=&._-]{0,60}$/), (query) => {
      const location = new URL(`https://registry.example/u/1${query === "" ? "" : `?${query}`}`);
      const digest = `sha256:${"0".repeat(64)}` as const;
      const { search } = closingAddress({ location, minimum: 0 }, digest);
      expect(search.startsWith(`?${query}`)).toBe(true);
      expect(search.endsWith(`digest=sha256%3A${"0".repeat(64)}`)).toBe(true);
    }),
  );
});

it("cuts the referrers tag of a long digest to what a tag may be", () => {
  expect(fallbackTag(`sha512:${"ab".repeat(64)}`)).toBe(`sha512-${"ab".repeat(32)}`);
});

const resolve = (location: string, insecure = false): string =>
  connectionFor("registry.example", context({ insecure })).resolve(
    location,
    new URL("https://registry.example/v2/app/blobs/uploads/"),
  ).href;

describe("an address that a registry gives", () => {
  it.each([
    ["/v2/y?z=1%2F2", "https://registry.example/v2/y?z=1%2F2"],
    ["7?s=a", "https://registry.example/v2/app/blobs/uploads/7?s=a"],
    ["https://cdn.example/x", "https://cdn.example/x"],
    ["//cdn.example/x", "https://cdn.example/x"],
    // Behind a TLS proxy that the registry knows nothing of.
    ["http://registry.example/v2/y", "https://registry.example/v2/y"],
    ["http://registry.example:5000/v2/y", "https://registry.example/v2/y"],
    ["https://user:password@cdn.example/x", "https://cdn.example/x"],
  ])("is followed: %s", (location, expected) => {
    expect(resolve(location)).toBe(expected);
  });

  it.each(["http://elsewhere.example/x", "ftp://registry.example/x", "file:///etc/passwd", "http://"])(
    "is refused: %s",
    (location) => {
      expect(() => resolve(location)).toThrow(expect.objectContaining({ code: "REGISTRY_MISBEHAVES" }));
    },
  );

  it("may be plain HTTP elsewhere with --insecure", () => {
    expect(resolve("http://elsewhere.example/x", true)).toBe("http://elsewhere.example/x");
  });
});
