import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import {
  familiarName,
  formatReference,
  parseReference,
  withDefaultTag,
  type Reference,
} from "./reference.ts";

const hex = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a";
const sha256 = `sha256:${hex}`;
const sha512 = `sha512:${hex}${hex}`;

/** What is written, its full form, and what Docker would list it as. */
const accepted: [text: string, full: string, familiar?: string][] = [
  ["debian", "docker.io/library/debian", "debian"],
  ["debian:12", "docker.io/library/debian:12", "debian:12"],
  ["library/debian", "docker.io/library/debian", "debian"],
  ["docker.io/debian", "docker.io/library/debian", "debian"],
  ["index.docker.io/debian", "docker.io/library/debian", "debian"],
  ["index.docker.io/team/app:1", "docker.io/team/app:1", "team/app:1"],
  ["team/app", "docker.io/team/app", "team/app"],
  ["library/foo/bar", "docker.io/library/foo/bar", "library/foo/bar"],
  ["other/library", "docker.io/other/library", "other/library"],
  ["ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base", "ubuntu-12.04-base"],
  ["test.com:tag", "docker.io/library/test.com:tag", "test.com:tag"],
  ["test.com:5000", "docker.io/library/test.com:5000", "test.com:5000"],
  ["192.168.1.1:5000", "docker.io/library/192.168.1.1:5000", "192.168.1.1:5000"],
  ["192.168.1.1:5000/repo:5050", "192.168.1.1:5000/repo:5050"],
  ["test_com/foo", "docker.io/test_com/foo", "test_com/foo"],
  ["foo_bar.com:8080", "docker.io/library/foo_bar.com:8080", "foo_bar.com:8080"],
  ["foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080", "foo/foo_bar.com:8080"],
  ["localhost/app", "localhost/app"],
  ["localhost:5000/app:v1", "localhost:5000/app:v1"],
  ["localhost", "docker.io/library/localhost", "localhost"],
  ["host:80/app", "host:80/app"],
  ["host:99999/app", "host:99999/app"],
  ["Foo/bar", "Foo/bar"],
  ["FOO/bar:Tag", "FOO/bar:Tag"],
  ["xn--n3h.com/my:xn--n3h.com", "xn--n3h.com/my:xn--n3h.com"],
  ["b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io/test.example.com/my-app:test.example.com"],
  ["[2001:db8::1]/repo", "[2001:db8::1]/repo"],
  ["[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"],
  ["[::1]:5000/repo@" + sha256, "[::1]:5000/repo@" + sha256],
  ["docker---rules/docker", "docker.io/docker---rules/docker", "docker---rules/docker"],
  ["dock__er/docker", "docker.io/dock__er/docker", "dock__er/docker"],
  ["d/t", "docker.io/d/t", "d/t"],
  ["lower:UPPER_case.1-2", "docker.io/library/lower:UPPER_case.1-2", "lower:UPPER_case.1-2"],
  ["lower:_", "docker.io/library/lower:_", "lower:_"],
  [`app:1@${sha256}`, `docker.io/library/app:1@${sha256}`, `app:1@${sha256}`],
  [`host:5000/app:1@${sha512}`, `host:5000/app:1@${sha512}`],
  [`app@${sha256}`, `docker.io/library/app@${sha256}`, `app@${sha256}`],
  // A name of 64 hex digits is an image ID for Docker; with a registry in front it is a name again.
  [`docker.io/${hex}`, `docker.io/library/${hex}`, `docker.io/library/${hex}`],
  [`${hex}:1`, `docker.io/library/${hex}:1`, `${hex}:1`],
  [hex.slice(1), `docker.io/library/${hex.slice(1)}`, hex.slice(1)],
  // Short forms that would mean another registry stay long.
  ["docker.io/localhost/a", "docker.io/localhost/a", "docker.io/localhost/a"],
  ["docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c"],
  [`a:${"t".repeat(128)}`, `docker.io/library/a:${"t".repeat(128)}`, `a:${"t".repeat(128)}`],
];

/** What is written, and what the sentence must name. */
const refused: [text: string, names: RegExp][] = [
  ["", /is empty/],
  [" ", /bad name part/],
  [" debian", /bad name part/],
  ["debian\n", /bad name part/],
  ["debian:12\n", /bad tag/],
  [":justtag", /has no name/],
  ["@" + sha256, /has no name/],
  ["app:", /bad tag ""/],
  ["app:-x", /bad tag "-x"/],
  ["app:.x", /bad tag/],
  ["app:a:b", /bad tag "a:b"/],
  ["app:ä", /bad tag/],
  [`a:${"t".repeat(129)}`, /tag of 129 characters/],
  ["repo@sha256:ffffffffffffffffffffffffffffffffff", /bad digest/],
  [`repo@sha256:${hex.toUpperCase()}`, /bad digest/],
  [`repo@md5:${hex}`, /bad digest/],
  [`repo@${sha256}:tag`, /bad digest/],
  [`repo@${sha256}@${sha256}`, /bad digest/],
  ["repo@", /bad digest ""/],
  ["Uppercase:tag", /capital letters in "Uppercase"/],
  ["test:5000/Uppercase/lower", /capital letters in "Uppercase"/],
  ["docker/Docker", /capital letters/],
  ["aa/asdf$$^/aa", /bad name part/],
  ["-docker/docker", /bad name part "-docker"/],
  ["docker-/docker", /bad name part/],
  ["____/____", /bad name part/],
  ["_docker/_docker", /bad name part/],
  ["dock..er/docker", /host "dock..er"/],
  ["dock_.er/docker", /host/],
  ["a/dock-.er", /bad name part/],
  ["a/b___c", /bad name part/],
  ["docker/", /empty part/],
  ["docker///docker", /empty part/],
  ["/docker", /empty part/],
  ["-docker.io/docker/docker", /host "-docker.io"/],
  ["a.b:/c", /host "a.b:"/],
  ["a.b:port/c", /host "a.b:port"/],
  ["[fc00::1]", /bad name part|bad tag/],
  ["[fc00::1]:5000", /bad/],
  ["fc00::1:5000/debian", /host/],
  ["[fe80::1%eth0]:5000/debian", /host/],
  ["[2001:db8:3:4::192.0.2.33]:5000/debian", /host/],
  ["host_name.com/app", /host/],
  ["https://github.com/docker/docker", /begins with https/],
  [hex, /image ID/],
  [`host.io/${"a".repeat(256)}`, /name of 256 characters/],
  [`${"a/".repeat(200)}a`, /name of 401 characters/],
  ["a".repeat(100_000), /100000 characters/],
  [`${"-".repeat(2000)}/a`, /bad/],
];

function refusal(text: string): unknown {
  try {
    return parseReference(text);
  } catch (error) {
    return error;
  }
}

describe("a reference", () => {
  test.each(accepted)("%s is read", (text, full, familiar) => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(full);
    expect(familiarName(reference)).toBe(familiar ?? full);
  });

  test("keeps tag and digest apart", () => {
    expect(parseReference(`localhost:5000/a/b:1@${sha256}`)).toEqual({
      domain: "localhost:5000",
      path: "a/b",
      tag: "1",
      digest: sha256,
    });
  });

  test("may have a path of 255 characters beside a registry of any length", () => {
    expect(parseReference(`registry.example.com/${"a".repeat(255)}`).path).toHaveLength(255);
  });

  test.each(refused)("%j is refused with the part that is wrong", (text, names) => {
    const error = refusal(text);
    if (!isDdiffError(error, "REFERENCE_INVALID")) throw new Error(`accepted: ${JSON.stringify(error)}`);
    expect(error.message).toMatch(names);
    expect(error.message.length).toBeLessThan(400);
    expect(error.hint).toBeTruthy();
  });

  test("gets latest only where it names neither tag nor digest", () => {
    expect(formatReference(withDefaultTag(parseReference("a")))).toBe("docker.io/library/a:latest");
    expect(familiarName(withDefaultTag(parseReference("a:1")))).toBe("a:1");
    expect(familiarName(withDefaultTag(parseReference(`a@${sha256}`)))).toBe(`a@${sha256}`);
  });
});

const component = fc.stringMatching(/^[a-z0-9]{1,6}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
const domain = fc.oneof(
  fc.constantFrom("docker.io", "localhost", "localhost:5000", "[::1]:5000", "Host", "a.b-c.d:1"),
  fc.domain(),
);
const references: fc.Arbitrary<Reference> = fc
  .record(
    {
      domain,
      path: fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
      tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
      digest: fc.constantFrom(sha256, sha512),
    },
    { requiredKeys: ["domain", "path"] },
  )
  .map(
    (r) =>
      (r.domain === "docker.io" && !r.path.includes("/")
        ? { ...r, path: `library/${r.path}` }
        : r) as Reference,
  );

describe("any reference", () => {
  test("survives being written in full and in short", () => {
    fc.assert(
      fc.property(references, (reference) => {
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiarName(reference))).toEqual(reference);
      }),
      { numRuns: 500 },
    );
  });

  test("is either read and stable, or refused as REFERENCE_INVALID", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          "/",
          ":",
          "@",
          ".",
          "-",
          "_",
          "__",
          "[",
          "]",
          "a",
          "A",
          "0",
          "localhost",
          "docker.io",
          sha256,
          hex,
          " ",
          "\0",
        ),
        fc.string({ unit: "grapheme", maxLength: 3 }),
      ),
      { maxLength: 12 },
    );
    const hostile = fc.oneof(
      pieces.map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const outcome = refusal(text);
        if (isDdiffError(outcome, "REFERENCE_INVALID")) return;
        if (outcome instanceof Error) throw outcome;
        const reference = outcome as Reference;
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiarName(reference))).toEqual(reference);
      }),
      { numRuns: 5000 },
    );
  });
});
