import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { registryErrors } from "./errors.ts";
import { makeManifest, pushManifest } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();
let good: Buffer;
beforeAll(async () => {
  good = await makeManifest(registry, "app");
  await pushManifest(registry, "app", "latest", good);
});

const digest = digestOf(Buffer.from("{}"));
const pathPart = fc.oneof(
  fc.constantFrom(
    "app",
    "blobs",
    "uploads",
    "manifests",
    "tags",
    "list",
    "referrers",
    "_catalog",
    "latest",
    digest,
    "",
  ),
  fc.constantFrom("..", "%2e%2e", "%2F", "%00", "%ff", "%", "A", "~", "sha256:x", "-", "a".repeat(300)),
  fc.stringMatching(/^[!-"$-.0->@-~]{1,12}$/),
);
const queryPart = fc.tuple(
  fc.constantFrom("n", "last", "digest", "mount", "from", "tag", "artifactType", "ns", "digest-algorithm"),
  fc.oneof(
    fc.constantFrom("", "0", "-1", "app", digest, "latest", "sha512", "%00", "%ff"),
    fc.stringMatching(/^[!-"$-%'-~]{0,12}$/),
  ),
);
const headers = fc.record(
  {
    Range: fc.constantFrom("bytes=0-", "bytes=-1", "bytes=9-1", "x"),
    "Content-Range": fc.constantFrom("0-1", "5-1", "x", ""),
    "If-None-Match": fc.constantFrom("*", `"${digest}"`, ",,"),
    "Content-Type": fc.constantFrom("application/json", "application/vnd.oci.image.index.v1+json", "x"),
  },
  { requiredKeys: [] },
);

test("whatever is asked, the answer is one of the spec's, never a fault", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"),
      fc.array(pathPart, { maxLength: 6 }),
      fc.array(queryPart, { maxLength: 3 }),
      headers,
      fc.constantFrom("", "{}", "x".repeat(100)),
      async (method, parts, query, extra, body) => {
        const search = query.map(([name, value]) => `${name}=${value}`).join("&");
        const reply = await registry.call(method, `/v2/${parts.join("/")}?${search}`, {
          headers: extra,
          body,
        });
        expect(reply.status).toBeLessThan(500);
        if (reply.status < 400 || method === "HEAD") return;
        const { errors } = JSON.parse(reply.body.toString()) as {
          errors: { code: string; message: string }[];
        };
        expect(errors).toHaveLength(1);
        for (const { code, message } of errors) {
          expect(Object.keys(registryErrors)).toContain(code);
          expect(message).not.toMatch(/undefined|null|\/tmp\//);
        }
      },
    ),
    { numRuns: 600 },
  );
});

test("a manifest of which a few bytes are changed is taken as it is, or refused: never a fault, never something else", async () => {
  const change = fc.tuple(
    fc.nat(),
    fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:0-9eE\\ntu'))),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      const reply = await pushManifest(registry, "app", "fuzzed", bytes);
      expect([201, 400]).toContain(reply.status);
      if (reply.status !== 201) return;
      expect((await registry.call("GET", "/v2/app/manifests/fuzzed")).body.equals(bytes)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
