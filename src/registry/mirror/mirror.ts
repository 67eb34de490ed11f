import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Digest, isDigest } from "../../oci/digest.ts";
import type { Store } from "../../store/store.ts";
import { isDdiffError, messageOf } from "../../util/errors.ts";
import { RegistryError } from "../errors.ts";
import { keys } from "../keys.ts";
import { deleteTag, findManifest, putManifest } from "../manifests.ts";
import type { Mirror, Mirrored } from "../registry.ts";
import { findBlob, linkBlob, openRepositories } from "../repositories.ts";
import { type Download, isDiskFull, startDownload } from "./download.ts";
import { type Route, routesOf } from "./upstream-routes.ts";
import { openUpstream, type Upstream, type UpstreamOptions } from "./upstream.ts";

/** What a mirror is made of. */
export interface MirrorOptions {
  /** Where what was fetched is kept: the registry's own. */
  store: Store;
  /** In the order in which they are asked for a name that says no host. */
  upstreams: readonly UpstreamOptions[];
  /** Milliseconds for which a tag is believed without asking the upstream again. */
  freshFor: number;
  /** Milliseconds that a client waits for an upstream while something older could be served; 10 s when not said. */
  patience?: number;
  /** Bytes of a blob; undefined for no bound. */
  blobBytes?: number;
  /** Where blobs lie on their way to clients; the system's folder when not said. */
  tempDir?: string;
  /** For the proxies in it (`HTTPS_PROXY`, `NO_PROXY`). */
  env?: Record<string, string | undefined>;
  /** Told what goes wrong with an upstream, one sentence each. */
  onProblem?(sentence: string): void;
}

/** A mirror, and how it ends. */
export interface RunningMirror extends Mirror {
  /** Gives up all downloads. */
  close(): Promise<void>;
}

type Fetched = "fresh" | "missing";

/** A download, and the repositories here that wait for it. */
interface Running {
  download: Promise<Download>;
  locals: Set<string>;
  isStored: boolean;
  end: Promise<void>;
}

/** A name that no upstream has is asked for again after this many milliseconds. */
const missingFor = 10_000;
/** An upstream that failed is left alone for this long where something older can be served. */
const restFor = 5_000;
/** Names are forgotten beyond this many. */
const mostRemembered = 10_000;

/**
 * Pull-through of other registries. The upstream of a pull is named by `?ns=` (distribution-spec, "Registry Proxying"), or by its prefix
 * at the beginning of the repository's name; a name with neither is looked for here first, then at each upstream in order. Content is kept in
 * the repository `PREFIX/NAME`. Digests are checked before anything is visible; tags are asked for again when they are older than `freshFor`,
 * and served as they are while the upstream does not answer. Throws `UPSTREAM_INVALID`.
 */
export function createMirror(options: MirrorOptions): RunningMirror {
  const { store, freshFor, patience = 10_000, tempDir = tmpdir(), env = {} } = options;
  const repositories = openRepositories(store);
  const stop = new AbortController();
  const upstreams = options.upstreams.map((one) => openUpstream(one, { env, tempDir, signal: stop.signal }));
  const downloads = new Map<Digest, Running>();
  const running = new Map<string, Promise<unknown>>();
  const missing = new Map<string, number>();
  const resting = new Map<Upstream, number>();
  const problem = (sentence: string): void => options.onProblem?.(sentence);

  /** One piece of work at a time for a key: who comes later gets the same answer. */
  const once = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const known = running.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const started = work().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
  const isMissing = (key: string): boolean => (missing.get(key) ?? 0) > Date.now();
  const remember = (key: string): void => {
    if (missing.size >= mostRemembered) missing.clear();
    missing.set(key, Date.now() + missingFor);
  };
  const failed = ({ upstream, name }: Route, error: unknown): unknown => {
    if (stop.signal.aborted) return error;
    problem(`${upstream.host} failed for ${name}: ${messageOf(error)}`);
    // The disk's fault, or an answer that is made already.
    if (isDiskFull(error) || error instanceof RegistryError) return error;
    resting.set(upstream, Date.now() + restFor);
    const limited = isDdiffError(error, "RATE_LIMITED");
    const sentence = `the upstream ${upstream.host} ${limited ? "gives no more answers for now" : "failed"}`;
    return new RegistryError(limited ? "TOOMANYREQUESTS" : "UNKNOWN", sentence, {
      ...(limited ? {} : { status: 502 }),
      cause: error,
    });
  };

  /** Brings a manifest up to date. */
  const refresh = async (route: Route, reference: string): Promise<Fetched> => {
    const { upstream, name, local } = route;
    const known = await findManifest(repositories, local, reference);
    if (known !== undefined && !isDigest(reference)) {
      const digest = await upstream.resolve(name, reference);
      if (digest === known.digest) {
        await store.touch(keys.tag(local, reference));
        return "fresh";
      }
      if (digest === undefined) {
        await deleteTag(repositories, local, reference);
        return "missing";
      }
    }
    const document = await upstream.manifest(name, reference);
    if (document === undefined) {
      if (known !== undefined) await deleteTag(repositories, local, reference);
      return "missing";
    }
    try {
      await putManifest(repositories, {
        repository: local,
        bytes: document.bytes,
        mediaType: document.descriptor.mediaType,
        digest: document.descriptor.digest,
        tags: isDigest(reference) ? [] : [reference],
        // Blobs and the manifests of an index come when they are asked for.
        sparse: "all",
        mayMoveTag: () => true,
      });
    } catch (error) {
      // Not the client's fault: the upstream sent it.
      if (!(error instanceof RegistryError)) throw error;
      throw new RegistryError("UNKNOWN", `what ${upstream.host} sent is refused: ${error.message}`, {
        status: 502,
        cause: error,
      });
    }
    return "fresh";
  };

  const isFresh = async ({ local }: Route, reference: string): Promise<boolean> => {
    if ((await findManifest(repositories, local, reference)) === undefined) return false;
    if (isDigest(reference)) return true;
    const tag = await store.stat(keys.tag(local, reference));
    return tag !== undefined && tag.modified > Date.now() - freshFor;
  };

  const manifestBy = async (route: Route, reference: string): Promise<Mirrored | undefined> => {
    const key = `manifest ${route.local} ${reference}`;
    const here = { repository: route.local, namespace: route.upstream.host };
    if (await isFresh(route, reference)) return here;
    const older = (await findManifest(repositories, route.local, reference)) !== undefined;
    if (!older && isMissing(key)) return undefined;
    const stale = { ...here, stale: true };
    if (older && (resting.get(route.upstream) ?? 0) > Date.now()) return stale;
    try {
      const refreshing = once(key, () => refresh(route, reference));
      const fetched = await (older ? orTooLate(refreshing, patience) : refreshing);
      if (fetched === "late") {
        problem(`${route.upstream.host} does not answer for ${route.name}:${reference}: served as it was`);
        return stale;
      }
      if (fetched === "fresh") return here;
      remember(key);
      return undefined;
    } catch (error) {
      const failure = failed(route, error);
      if (older) return stale;
      throw failure;
    }
  };

  const begin = (route: Route, blob: { digest: Digest; size: number }): Running => {
    const { upstream, name, local } = route;
    const { digest } = blob;
    const download = startDownload({
      store,
      repository: local,
      blob,
      open: () => upstream.openBlob(name, blob),
      tempDir,
      async onStored() {
        for (const repository of one.locals) await linkBlob(repositories, repository, digest);
        one.isStored = true;
      },
    });
    const end = download
      .then(async (running) => {
        if (!(await running.done)) throw running.problem;
      })
      .catch((error: unknown) => void failed(route, error))
      .finally(() => downloads.delete(digest));
    const one: Running = { download, locals: new Set([local]), isStored: false, end };
    downloads.set(digest, one);
    return one;
  };

  /** Begins a download, or joins the one that runs; the repository holds the blob when it ends. */
  const fetchBlob = async (route: Route, digest: Digest, size: number): Promise<Mirrored> => {
    const { upstream, local } = route;
    const here = { repository: local, namespace: upstream.host };
    if (await store.touchBlob(digest)) {
      // Another repository has it; the upstream has just said that this one does, too.
      await linkBlob(repositories, local, digest);
      return here;
    }
    const one = downloads.get(digest) ?? begin(route, { digest, size });
    if (one.isStored) await linkBlob(repositories, local, digest);
    else one.locals.add(local);
    return { ...here, arriving: (await one.download).arriving };
  };

  const blobBy = async (route: Route, digest: Digest): Promise<Mirrored | undefined> => {
    const { upstream, name, local } = route;
    const key = `blob ${local} ${digest}`;
    if (isMissing(key)) return undefined;
    try {
      const size = await once(key, () => upstream.blobSize(name, digest));
      if (size === undefined) {
        remember(key);
        return undefined;
      }
      if (options.blobBytes !== undefined && size > options.blobBytes) {
        throw new RegistryError("DENIED", `${digest} has ${size} bytes, more than this mirror takes`);
      }
      return await fetchBlob(route, digest, size);
    } catch (error) {
      throw failed(route, error);
    }
  };

  return {
    async manifest(repository, reference, namespace, allow) {
      const { routes, isNamed } = routesOf(upstreams, repository, namespace);
      if (!isNamed && (await findManifest(repositories, repository, reference)) !== undefined)
        return undefined;
      for (const route of routes) {
        allow?.(route.local);
        const found = await manifestBy(route, reference);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async blob(repository, digest, namespace, allow) {
      const { routes, isNamed } = routesOf(upstreams, repository, namespace);
      if (!isNamed && (await findBlob(repositories, repository, digest)) !== undefined) return undefined;
      for (const { local, upstream } of routes) {
        if ((await findBlob(repositories, local, digest, { touch: true })) === undefined) continue;
        allow?.(local);
        return { repository: local, namespace: upstream.host };
      }
      for (const route of routes) {
        allow?.(route.local);
        const found = await blobBy(route, digest);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async close() {
      stop.abort();
      await Promise.all([...downloads.values()].map(({ end }) => end));
    },
  };
}

/** The answer, or that it takes too long; the work goes on then. */
async function orTooLate<T>(work: Promise<T>, patience: number): Promise<T | "late"> {
  const timer = new AbortController();
  try {
    const late = sleep(patience, "late" as const, { signal: timer.signal, ref: false });
    late.catch(() => undefined);
    work.catch(() => undefined);
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
