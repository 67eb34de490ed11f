import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRepositoryName, isTag, parseRoute } from "./routes.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("a path", () => {
  test.each([
    ["/v2/", { kind: "base" }],
    ["/v2", { kind: "base" }],
    ["/v2/_catalog", { kind: "catalog" }],
    ["/v2/token", { kind: "token" }],
    ["/v2/a/tags/list", { kind: "tags", repository: "a" }],
    ["/v2/a/b/c/manifests/latest", { kind: "manifest", repository: "a/b/c", reference: "latest" }],
    [`/v2/a/blobs/${digest}`, { kind: "blob", repository: "a", reference: digest }],
    [`/v2/a/blobs/${digest.replace(":", "%3A")}`, { kind: "blob", repository: "a", reference: digest }],
    ["/v2/a/blobs/uploads/", { kind: "uploads", repository: "a" }],
    ["/v2/a/blobs/uploads", { kind: "uploads", repository: "a" }],
    ["/v2/a/blobs/uploads/xyz", { kind: "upload", repository: "a", reference: "xyz" }],
    [`/v2/a/referrers/${digest}`, { kind: "referrers", repository: "a", reference: digest }],
    ["/v2/a/b/_ddiff/bundles/rebuild", { kind: "rebuild", repository: "a/b" }],
    // Names made of the words that routes are made of.
    [
      "/v2/blobs/uploads/manifests/list",
      { kind: "manifest", repository: "blobs/uploads", reference: "list" },
    ],
    ["/v2/manifests/tags/list", { kind: "tags", repository: "manifests" }],
    ["/v2/tags/list/tags/list", { kind: "tags", repository: "tags/list" }],
    ["/v2/a/blobs/uploads/blobs/uploads/", { kind: "uploads", repository: "a/blobs/uploads" }],
    [`/v2/uploads/blobs/${digest}`, { kind: "blob", repository: "uploads", reference: digest }],
    ["/v2/referrers/manifests/blobs", { kind: "manifest", repository: "referrers", reference: "blobs" }],
  ])("%s is read from its right end", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test.each([
    "/",
    "/v1/",
    "/v2x/",
    "/v2/a",
    "/v2/a/b",
    "/v2/a/tags/other",
    "/v2/a/manifests/%ff",
    "http://h/v2/",
  ])("%s is unknown", (path) => {
    expect(parseRoute(path)).toEqual({ kind: "unknown" });
  });

  test("keeps encodings in names, where they mean nothing, so that no name has two spellings", () => {
    for (const path of ["/v2/a%2Fb/manifests/x", "/v2/%2e%2e/manifests/x", "/v2/a%00/manifests/x"]) {
      const route = parseRoute(path);
      expect(route).toMatchObject({ kind: "manifest" });
      expect("repository" in route && isRepositoryName(route.repository)).toBe(false);
    }
  });

  test("of any name, however its parts are called, leads to that name", () => {
    const part = fc.oneof(
      fc.constantFrom("blobs", "uploads", "manifests", "tags", "list", "referrers", "token"),
      fc.stringMatching(/^[a-z0-9]{1,8}$/),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const repository = parts.join("/");
        expect(isRepositoryName(repository)).toBe(true);
        expect(parseRoute(`/v2/${repository}/manifests/x`)).toMatchObject({ kind: "manifest", repository });
        expect(parseRoute(`/v2/${repository}/blobs/${digest}`)).toMatchObject({ kind: "blob", repository });
        expect(parseRoute(`/v2/${repository}/blobs/uploads/`)).toMatchObject({ kind: "uploads", repository });
        expect(parseRoute(`/v2/${repository}/blobs/uploads/id`)).toMatchObject({
          kind: "upload",
          repository,
        });
        expect(parseRoute(`/v2/${repository}/tags/list`)).toMatchObject({ kind: "tags", repository });
        expect(parseRoute(`/v2/${repository}/referrers/${digest}`)).toMatchObject({ repository });
      }),
    );
  });
});

describe("a repository's name", () => {
  test.each(["a", "library/debian", "a.b_c__d-e---f/0", "a".repeat(255)])("may be %s", (name) => {
    expect(isRepositoryName(name)).toBe(true);
  });

  test.each([
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "A",
    "_x",
    "a_",
    "a..b",
    "a___b",
    "..",
    "../a",
    "a/..",
    "a b",
    "a\0",
    "ä",
    "a~b",
    "a".repeat(256),
  ])("may not be %j", (name) => {
    expect(isRepositoryName(name)).toBe(false);
  });

  test("is judged at once, whatever it is", () => {
    const start = performance.now();
    for (const hostile of [
      `${"a-".repeat(127)}!`,
      `${"-".repeat(254)}a`,
      `${"a__".repeat(80)}!`,
      "a".repeat(1e6),
    ]) {
      expect(isRepositoryName(hostile)).toBe(false);
    }
    expect(performance.now() - start).toBeLessThan(200);
  });
});

test("a tag is letters, digits, and _ . - behind the first", () => {
  for (const tag of ["latest", "_x", "1.2.3-RC_1", "a".repeat(128)]) expect(isTag(tag)).toBe(true);
  for (const tag of ["", ".a", "-a", "a/b", "a:b", "a\n", "ä", "a".repeat(129)])
    expect(isTag(tag)).toBe(false);
});
