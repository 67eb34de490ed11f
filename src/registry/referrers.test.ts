import { describe, expect, test } from "vitest";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Store } from "../store/store.ts";
import { describeBytes, manifestOf, pushImage } from "./testing/images.ts";
import { codesOf, makeManifest, pushManifest, type Reply } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();

interface Answer {
  reply: Reply;
  manifests: Descriptor[];
}

async function referrers(repository: string, subject: Digest, query = ""): Promise<Answer> {
  const reply = await registry.call("GET", `/v2/${repository}/referrers/${subject}${query}`);
  expect(reply.status).toBe(200);
  expect(reply.headers["content-type"]).toBe(mediaTypes.ociIndex);
  const index = JSON.parse(reply.body.toString()) as {
    schemaVersion: number;
    mediaType: string;
    manifests: Descriptor[];
  };
  expect(index).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.ociIndex });
  return { reply, manifests: index.manifests };
}

async function attach(
  repository: string,
  subject: Descriptor,
  more: Record<string, unknown>,
): Promise<Buffer> {
  const bytes = await makeManifest(registry, repository, { subject, ...more });
  const pushed = await pushManifest(registry, repository, digestOf(bytes), bytes);
  expect(pushed.status).toBe(201);
  expect(pushed.headers["oci-subject"]).toBe(subject.digest);
  return bytes;
}

test("of what nobody refers to, or nobody has, the list is empty, not missing", async () => {
  for (const repository of ["app", "nobody"]) {
    for (const algorithm of ["sha256", "sha512"] as const) {
      const { manifests } = await referrers(repository, digestOf(Buffer.from("nothing"), algorithm));
      expect(manifests).toEqual([]);
    }
  }
});

test.each(["sha256:abc", "latest", "md5:d41d8cd98f00b204e9800998ecf8427e"])("%s is refused", async (text) => {
  const reply = await registry.call("GET", `/v2/app/referrers/${text}`);
  expect([reply.status, codesOf(reply)]).toEqual([400, ["DIGEST_INVALID"]]);
});

describe("an image's referrers", () => {
  test("have their annotations and their artifact type, or their config's type", async () => {
    const image = await makeManifest(registry, "app", { annotations: { a: "subject" } });
    await pushManifest(registry, "app", "v1", image);
    const subject = describeBytes(image);
    const annotations = { "org.example": "ä", __proto__x: "1" };
    const typed = await attach("app", subject, { artifactType: "application/vnd.sbom", annotations });
    const plain = await attach("app", subject, { annotations: { b: "1" } });
    const empty = await attach("app", subject, { artifactType: "", annotations: { b: "2" } });
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], subject }),
    );
    const pushed = await pushManifest(registry, "app", "an-index", index, mediaTypes.ociIndex);
    expect(pushed.headers["oci-subject"]).toBe(subject.digest);

    const { manifests, reply } = await referrers("app", subject.digest);
    expect(reply.headers["oci-filters-applied"]).toBeUndefined();
    expect(Object.fromEntries(manifests.map((one) => [one.digest, one]))).toEqual({
      [digestOf(typed)]: { ...describeBytes(typed), artifactType: "application/vnd.sbom", annotations },
      [digestOf(plain)]: {
        ...describeBytes(plain),
        artifactType: mediaTypes.ociConfig,
        annotations: { b: "1" },
      },
      [digestOf(empty)]: {
        ...describeBytes(empty),
        artifactType: mediaTypes.ociConfig,
        annotations: { b: "2" },
      },
      [digestOf(index)]: describeBytes(index, mediaTypes.ociIndex),
    });

    const some = await referrers("app", subject.digest, "?artifactType=application%2Fvnd.sbom");
    expect(some.manifests.map((one) => one.digest)).toEqual([digestOf(typed)]);
    expect(some.reply.headers["oci-filters-applied"]).toBe("artifactType");
    const none = await referrers("app", subject.digest, "?artifactType=application/vnd.none");
    expect(none.manifests).toEqual([]);
    expect(none.reply.headers["oci-filters-applied"]).toBe("artifactType");
  });

  test("may come before the image, and stay in their repository", async () => {
    const image = await makeManifest(registry, "late", { annotations: { a: "late" } });
    const subject = describeBytes(image);
    const early = await attach("late", subject, {});
    expect((await referrers("late", subject.digest)).manifests.map((one) => one.digest)).toEqual([
      digestOf(early),
    ]);
    await pushManifest(registry, "late", "v1", image);
    expect((await referrers("late", subject.digest)).manifests).toHaveLength(1);
    expect((await referrers("other", subject.digest)).manifests).toEqual([]);
  });

  test("are gone when they are deleted, and once each however often they are pushed", async () => {
    const subject = describeBytes(Buffer.from("any"));
    const bytes = await attach("gone", subject, {});
    await attach("gone", subject, {});
    await pushManifest(registry, "gone", "tagged", bytes);
    expect((await referrers("gone", subject.digest)).manifests).toHaveLength(1);
    expect((await registry.call("DELETE", `/v2/gone/manifests/${digestOf(bytes)}`)).status).toBe(202);
    expect((await referrers("gone", subject.digest)).manifests).toEqual([]);
  });

  test("of a sha512 subject are found under it", async () => {
    const subject = { ...describeBytes(Buffer.from("any")), digest: digestOf(Buffer.from("any"), "sha512") };
    const bytes = await attach("long", subject, {});
    expect((await referrers("long", subject.digest)).manifests.map((one) => one.digest)).toEqual([
      digestOf(bytes),
    ]);
  });

  test("of an old client, which keeps a list under a tag, are listed once, by what they are", async () => {
    const subject = describeBytes(Buffer.from("old"));
    const bytes = await attach("old", subject, { annotations: { own: "yes" } });
    const list = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [{ ...describeBytes(bytes), annotations: { own: "no" } }],
      }),
    );
    const tag = subject.digest.replace(":", "-");
    expect((await pushManifest(registry, "old", tag, list, mediaTypes.ociIndex)).status).toBe(201);
    const { manifests } = await referrers("old", subject.digest);
    expect(manifests.map(({ digest, annotations }) => [digest, annotations])).toEqual([
      [digestOf(bytes), { own: "yes" }],
    ]);
    expect((await registry.call("GET", `/v2/old/manifests/${tag}`)).body.equals(list)).toBe(true);
  });
});

test("many or large ones come in pages that links lead through, each once", async () => {
  const subject = describeBytes(Buffer.from("many"));
  const wanted = new Set<string>();
  for (let at = 0; at < 9; at += 1) {
    const artifactType = at % 2 === 0 ? "application/vnd.even" : "application/vnd.odd";
    const bytes = await attach("many", subject, {
      artifactType,
      annotations: { at: String(at), a: "x".repeat(1_000_000) },
    });
    wanted.add(digestOf(bytes));
  }
  for (const [filter, count] of [
    ["", 9],
    ["?artifactType=application/vnd.even", 5],
  ] as const) {
    const found: string[] = [];
    let pages = 0;
    for (let query: string | undefined = filter; query !== undefined; pages += 1) {
      const one: Answer = await referrers("many", subject.digest, query);
      expect(one.reply.body.length).toBeLessThan(4 * 1024 * 1024);
      found.push(...one.manifests.map(({ digest }) => digest));
      const link = one.reply.headers.link;
      query = typeof link === "string" ? /^<[^?>]*(\?[^>]*)>; rel="next"$/.exec(link)?.[1] : undefined;
    }
    expect(pages).toBeGreaterThan(1);
    expect(new Set(found).size).toBe(count);
    expect(found).toHaveLength(count);
    for (const digest of found) expect(wanted).toContain(digest);
  }
});

test("a push that dies at any of its writes leaves a manifest that its subject's list has, or none", async () => {
  let alive = true;
  for (let writes = 0; writes < 10; writes += 1) {
    const repository = `cut/${writes}`;
    const layer = Buffer.from("a layer");
    const subject = describeBytes(Buffer.from("a subject"));
    const { digest } = manifestOf([layer], { subject });
    // The blobs are there from another image.
    await pushImage(registry.store, repository, [], [layer]);
    let left = writes;
    alive = true;
    const dying: Store = {
      ...registry.store,
      async put(...args) {
        alive &&= left > 0;
        left -= 1;
        if (!alive) throw new Error("the power is lost");
        return await registry.store.put(...args);
      },
    };
    await pushImage(dying, repository, ["v"], [layer], { subject }).catch(() => {});
    const pulled = await registry.call("GET", `/v2/${repository}/manifests/${digest}`);
    const listed = (await referrers(repository, subject.digest)).manifests.map((one) => one.digest);
    expect(listed).toEqual(pulled.status === 200 ? [digest] : []);
    if (alive) break;
  }
  expect(alive).toBe(true);
});
