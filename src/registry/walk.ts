import type { Digest } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { digestOfSegment, repositoryOf } from "./keys.ts";

const pageSize = 1000;

/** Everything below a prefix, in byte order, a page at a time. Throws the signal's reason once it is aborted. */
export async function* pages(
  store: Store,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string[], void, void> {
  let after: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const page = await store.list(prefix, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page;
    if (page.length < pageSize) return;
    after = page.at(-1);
  }
}

/** The digests below a prefix, a page at a time. */
export async function* digestPages(
  store: Store,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<Digest[], void, void> {
  for await (const page of pages(store, prefix, signal)) {
    yield page.map(digestOfSegment).filter((digest) => digest !== undefined);
  }
}

/** All blobs, a page at a time. */
export async function* blobPages(store: Store, signal?: AbortSignal): AsyncGenerator<Digest[], void, void> {
  let after: Digest | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const page = await store.listBlobs({ limit: pageSize, ...(after === undefined ? {} : { after }) });
    if (page.length === 0) return;
    yield page;
    after = page.at(-1);
  }
}

/** Where a repository leaves traces: a push that was cut off may have left any of them without the others. */
const traces = ["catalog", "links", "manifests", "referrers", "tags"];

/** Every repository that the store knows anything of. */
export async function* repositories(store: Store, signal?: AbortSignal): AsyncGenerator<string, void, void> {
  const walks = traces.map((prefix) => names(store, prefix, signal));
  const heads = await Promise.all(walks.map(next));
  for (;;) {
    let first: string | undefined;
    for (const head of heads) {
      if (head !== undefined && (first === undefined || head < first)) first = head;
    }
    if (first === undefined) return;
    yield repositoryOf(first);
    for (const [i, walk] of walks.entries()) if (heads[i] === first) heads[i] = await next(walk);
  }
}

async function* names(
  store: Store,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string, void, void> {
  for await (const page of pages(store, prefix, signal)) yield* page;
}

async function next(walk: AsyncGenerator<string, void, void>): Promise<string | undefined> {
  const { done, value } = await walk.next();
  return done === true ? undefined : value;
}
