import { randomBytes, randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { useTestStore } from "../store/testing/disk.ts";
import { collect } from "./gc.ts";
import { keys } from "./keys.ts";
import { deleteManifest, findManifest } from "./manifests.ts";
import { findBlob, keepManifest, mountBlob, openRepositories, unlinkBlob } from "./repositories.ts";
import {
  ageAll,
  manifestOf,
  pushImage,
  pushIndex,
  pushLayer,
  pushManifest,
  whatIsMissing,
} from "./testing/images.ts";

const hour = 3_600_000;
const layer = (): Buffer => randomBytes(100);

let store: Store;
const under = useTestStore((opened) => {
  store = opened;
});

/** The moment of a collection at which something happens: before or after its first call of `method` on `subject`. */
interface Moment {
  when: "before" | "after";
  method: "list" | "deleteIdle" | "deleteBlob";
  subject: string;
}

/** Collects, and does `work` at that moment. */
async function collectWith(moment: Moment, work: () => Promise<unknown>, untagged = false): Promise<void> {
  let done = false;
  async function at<T>(method: string, subject: string, call: () => Promise<T>): Promise<T> {
    const now = !done && method === moment.method && subject === moment.subject;
    done ||= now;
    if (now && moment.when === "before") await work();
    const answer = await call();
    if (now && moment.when === "after") await work();
    return answer;
  }
  const watched: Store = {
    ...store,
    list: (prefix, options) => at("list", prefix, () => store.list(prefix, options)),
    deleteIdle: (key, since) => at("deleteIdle", key, () => store.deleteIdle(key, since)),
    deleteBlob: (digest, since) => at("deleteBlob", digest, () => store.deleteBlob(digest, since)),
  };
  await collect(watched, { grace: hour, untagged });
  expect(done).toBe(true);
}

const age = (): Promise<void> => ageAll(under.folder, 2 * hour);
const asksFor = async (repository: string, digest: Digest): Promise<boolean> =>
  (await findBlob(openRepositories(store), repository, digest, { touch: true })) !== undefined;

/** What a client does: it sends what the registry says it lacks, then the manifest. */
async function pushAsClients(repository: string, tag: string, layers: Buffer[]): Promise<void> {
  for (const bytes of [Buffer.from("{}"), ...layers]) {
    if (!(await asksFor(repository, digestOf(bytes)))) await pushLayer(store, repository, bytes);
  }
  await pushManifest(store, repository, manifestOf(layers).bytes, [tag]);
}

describe("a push that meets a collection keeps its image", () => {
  const bytes = layer();
  const digest = digestOf(bytes);
  const moments: Moment[] = [
    { when: "after", method: "list", subject: "catalog" },
    { when: "after", method: "list", subject: keys.manifests("app") },
    { when: "after", method: "list", subject: keys.links("app") },
    { when: "before", method: "deleteIdle", subject: keys.link("app", digest) },
    { when: "after", method: "deleteIdle", subject: keys.link("app", digest) },
    { when: "before", method: "deleteBlob", subject: digest },
    { when: "after", method: "deleteBlob", subject: digest },
    { when: "before", method: "deleteIdle", subject: keys.catalog("app") },
    { when: "after", method: "deleteIdle", subject: keys.catalog("app") },
  ];
  it.each(moments)("$when $method of $subject", async (moment) => {
    await pushLayer(store, "app", bytes);
    await age();
    await collectWith(moment, () => pushAsClients("app", "1", [bytes]));
    expect(await whatIsMissing(store, "app", "1")).toEqual([]);
    expect(await store.list("catalog")).toEqual(["app"]);
    await age();
    await collect(store, { grace: hour });
    expect(await whatIsMissing(store, "app", "1")).toEqual([]);
  });

  it("into another repository, by a mount from one that gives the blob up", async () => {
    await pushLayer(store, "zoo", bytes);
    await pushImage(store, "app", ["old"], [layer()]);
    await age();
    await collectWith({ when: "after", method: "list", subject: keys.links("app") }, async () => {
      expect(await mountBlob(openRepositories(store), "zoo", "app", digest)).toBe(true);
      await unlinkBlob(openRepositories(store), "zoo", digest);
    });
    await pushAsClients("app", "1", [bytes]);
    expect(await whatIsMissing(store, "app", "1")).toEqual([]);
  });

  it("whose client was told that a layer is there, and takes its time", async () => {
    await pushLayer(store, "app", bytes);
    await age();
    await collectWith(
      { when: "before", method: "deleteIdle", subject: keys.link("app", digest) },
      async () => {
        expect(await asksFor("app", digest)).toBe(true);
      },
    );
    await collect(store, { grace: hour });
    await pushAsClients("app", "1", []);
    await pushManifest(store, "app", manifestOf([bytes]).bytes, ["2"]);
    expect(await whatIsMissing(store, "app", "2")).toEqual([]);
  });

  it("whose link was touched in time, and so keeps its blob, too", async () => {
    await pushLayer(store, "app", bytes);
    await age();
    const key = keys.link("app", digest);
    await collectWith({ when: "before", method: "deleteIdle", subject: key }, () => store.touch(key));
    expect(await asksFor("app", digest)).toBe(true);
  });

  it("or is refused where the layer went before it was relied on", async () => {
    await pushLayer(store, "app", bytes);
    await pushLayer(store, "app", Buffer.from("{}"));
    await age();
    let refused: unknown;
    await collectWith(
      { when: "after", method: "deleteIdle", subject: keys.link("app", digest) },
      async () => {
        refused = await pushManifest(store, "app", manifestOf([bytes]).bytes, ["1"]).catch(
          (error: unknown) => error,
        );
      },
    );
    expect(refused).toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN" });
    expect(await findManifest(openRepositories(store), "app", "1")).toBeUndefined();
  });
});

describe("a manifest that no tag reached when a collection of such began stays whole", () => {
  it.each(["before", "after"] as const)("when it is tagged %s it was to go", async (when) => {
    const layers = [layer()];
    const digest = await pushImage(store, "app", [], layers);
    await age();
    const moment = { when, method: "deleteIdle", subject: keys.manifest("app", digest) } as const;
    await collectWith(moment, () => pushAsClients("app", "1", layers), true);
    expect(await whatIsMissing(store, "app", "1")).toEqual([]);
  });

  it.each([
    { when: "after", method: "list", subject: keys.manifests("app") },
    { when: "after", method: "list", subject: keys.tags("app") },
  ] as const)("when an index lists it $when $method of $subject", async (moment) => {
    const children = [
      await pushImage(store, "app", [], [layer()]),
      await pushImage(store, "app", [], [layer()]),
    ];
    await age();
    await collectWith(moment, () => pushIndex(store, "app", ["multi"], children), true);
    expect(await whatIsMissing(store, "app", "multi")).toEqual([]);
  });

  it("when a client asked for it and then pushes an index", async () => {
    const child = await pushImage(store, "app", [], [layer()]);
    await age();
    const moment = { when: "before", method: "deleteIdle", subject: keys.manifest("app", child) } as const;
    await collectWith(moment, () => keepManifest(openRepositories(store), "app", child), true);
    await pushIndex(store, "app", ["multi"], [child]);
    expect(await whatIsMissing(store, "app", "multi")).toEqual([]);
  });
});

describe("many clients and collections at once", () => {
  it("lose nothing that was acknowledged, and leave nothing that is not needed", {
    timeout: 120_000,
  }, async () => {
    const layers = Array.from({ length: 12 }, layer);
    const repositories = ["a", "b/c", "d"];
    const names = ["1", "2", "3", "4"];
    /** Tags as their last push that was acknowledged left them; undefined where one is under way or failed. */
    const tags = new Map<string, Digest>();

    async function client(worker: number): Promise<void> {
      for (let i = 0; i < 12; i++) {
        const repository = pick(repositories);
        const tag = `${worker}-${pick(names)}`;
        const key = `${repository} ${tag}`;
        const before = tags.get(key);
        tags.delete(key);
        if (before !== undefined && randomInt(3) === 0) {
          await deleteManifest(openRepositories(store), repository, before, undefined);
          for (const [other, digest] of tags) {
            if (other.startsWith(`${repository} `) && digest === before) tags.delete(other);
          }
          continue;
        }
        // A layer of its own makes the manifest its own: deletes by others do not concern it.
        const mine = [Buffer.from(`${worker} ${i} ${randomInt(1e9)}`), pick(layers), pick(layers)];
        const from = pick(repositories);
        await mountBlob(openRepositories(store), from, repository, digestOf(pick(mine)));
        await pushAsClients(repository, tag, mine);
        tags.set(key, manifestOf(mine).digest);
      }
    }

    for (let round = 0; round < 6; round++) {
      await age();
      const gone = new AbortController();
      const collecting = (async () => {
        while (!gone.signal.aborted) await collect(store, { grace: hour, untagged: round % 2 === 1 });
      })();
      try {
        await Promise.all(Array.from({ length: 5 }, (_, worker) => client(worker)));
      } finally {
        gone.abort();
      }
      await collecting;
      for (const [key, digest] of tags) {
        const [repository = "", tag = ""] = key.split(" ");
        expect((await findManifest(openRepositories(store), repository, tag))?.digest).toBe(digest);
        expect(await whatIsMissing(store, repository, tag)).toEqual([]);
      }
    }
    expect(tags.size).toBeGreaterThan(10);
    // And when all is given up, nothing is left.
    for (const repository of repositories) {
      for (const segment of await store.list(keys.tags(repository)))
        await store.delete(keys.tag(repository, segment));
    }
    await age();
    await collect(store, { grace: hour, untagged: true });
    expect(await store.listBlobs({ limit: 10 })).toEqual([]);
    for (const top of ["catalog", "links", "manifests", "tags"]) expect(await store.list(top)).toEqual([]);
  });
});

function pick<T>(from: readonly T[]): T {
  return from[randomInt(from.length)] as T;
}
