import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAll } from "../src/codec/read-all.ts";
import { verified } from "../src/codec/verify.ts";
import { digestOf } from "../src/oci/digest.ts";
import { copyImage } from "../src/places/copy.ts";
import { readImage } from "../src/places/image-tree.ts";
import { openPlace } from "../src/places/open.ts";
import type { PlaceContext } from "../src/places/place.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { makeAuthority } from "../src/registry/testing/certificates.ts";
import { silent } from "../src/util/progress.ts";
import { containerdMissing, dockerMissing, podmanMissing } from "./support/engine-kinds.ts";
import { startContainerd, startDocker, startPodman, type TestEngine } from "./support/engines.ts";
import { hostArchitecture, imageOf, layerTar } from "./support/layers.ts";
import { run as runProgram } from "./support/run.ts";
import { freePort, startServer, type TestServer } from "./support/server.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-clients-"));
const certificates = join(folder, "certificates");
const ca = join(certificates, "ca.crt");
const hosts = join(folder, "hosts");
const authFile = join(folder, "auth.json");

// One image for this machine and one for another, with a layer in common, and their index.
const own = hostArchitecture();
const other = own === "arm64" ? "amd64" : "arm64";
const store = new MemoryStore();
const shared = layerTar([{ path: "shared", data: randomBytes(3 << 20) }]);
const image = imageFor(own);
const foreign = imageFor(other);
const index = store.index([image, foreign]);

function imageFor(architecture: string) {
  const layer = layerTar([{ path: "own", data: architecture }]);
  return imageOf(store, [shared, layer], { packing: "gzip", platform: `linux/${architecture}` });
}

/** How clients of several ages say that they were refused. */
const refused = /denied|forbidden|no basic auth|authentication required|unauthorized/i;

const layout = (name: string): string => `oci:${join(folder, name)}:1`;

/** One server and how each client is told to trust it. */
interface Target {
  server: TestServer;
  context: PlaceContext;
  /** For podman and buildah. */
  podman: string[];
  skopeo: (side: "src-" | "dest-" | "") => string[];
  ctr: string[];
}

/** Everyone may do everything, over plain HTTP: a registry for one machine. */
async function startOpen(): Promise<Target> {
  return {
    server: await startServer(["--data", join(folder, "open")]),
    context: { env: {}, progress: silent, tempDir: folder, insecure: false },
    podman: ["--tls-verify=false"],
    skopeo: (side) => [`--${side}tls-verify=false`],
    ctr: ["--plain-http"],
  };
}

/** Ann and nobody else, over TLS, with tokens. */
async function startClosed(): Promise<Target> {
  const authority = makeAuthority(folder, "lab");
  const { cert, key } = authority.sign("localhost");
  mkdirSync(certificates);
  copyFileSync(authority.cert, ca);
  writeFileSync(join(folder, "users"), `ann:${hashSync("secret", 5)}\n`);
  const listen = `127.0.0.1:${await freePort()}`;
  const auth = Buffer.from("ann:secret").toString("base64");
  writeFileSync(authFile, JSON.stringify({ auths: { [listen]: { auth } } }));
  // containerd takes a server of its own machine for a plain one unless a file says otherwise.
  mkdirSync(join(hosts, listen), { recursive: true });
  writeFileSync(join(hosts, listen, "hosts.toml"), `[host."https://${listen}"]\nca = "${ca}"\n`);
  const users = ["--htpasswd", join(folder, "users"), "--url", `https://${listen}`];
  const tls = ["--tls-cert", cert, "--tls-key", key];
  const args = ["--listen", listen, "--data", join(folder, "closed"), ...users, ...tls];
  return {
    server: await startServer(args),
    context: {
      env: { REGISTRY_AUTH_FILE: authFile },
      caFile: ca,
      progress: silent,
      tempDir: folder,
      insecure: false,
    },
    podman: ["--cert-dir", certificates],
    skopeo: (side) => [`--${side}cert-dir`, certificates, `--${side}creds`, "ann:secret"],
    ctr: ["--hosts-dir", hosts, "--user", "ann:secret"],
  };
}

const kinds = ["open", "closed"] as const;
const targets = {} as Record<(typeof kinds)[number], Target>;
beforeAll(async () => {
  targets.open = await startOpen();
  targets.closed = await startClosed();
  for (const { server, context } of Object.values(targets)) {
    for (const [name, root] of Object.entries({ "one:1": image, "many:1": index })) {
      const sink = await (await openPlace(`docker://${server.host}/${name}`, context)).sink();
      await copyImage(store.source(root), sink, { progress: silent });
      await sink.close();
    }
  }
}, 60_000);
afterAll(async () => {
  for (const { server } of Object.values(targets)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** What stands under a name: its digest, its manifests, and its images' IDs by architecture. Every byte is read and checked. */
async function held({ server, context }: Target, name: string) {
  const source = await (await openPlace(`docker://${server.host}/${name}`, context)).source();
  try {
    const { root, images } = await readImage(source);
    for (const { descriptor } of images.flatMap(({ layers }) => layers))
      await readAll(verified(await source.openBlob(descriptor), descriptor, name), 1 << 26, name);
    return {
      digest: root.digest,
      manifests: images.map(({ manifest }) => manifest.digest),
      ids: Object.fromEntries(images.map((one) => [one.platform.architecture, one.configDescriptor.digest])),
    };
  } finally {
    await source.close();
  }
}

/** What `held` answers for what every client was given. */
const wanted = (name: "one:1" | "many:1") => held(targets.open, name);

/** Runs a client to its end and answers its output; throws what it says where it fails. */
async function run(program: string, ...args: string[]): Promise<string> {
  const ran = await runProgram(program, args, { env: { HOME: folder } });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout.trim();
}

describePlace("server-skopeo", toolMissing("skopeo"), () => {
  it.each(kinds)("pushes and pulls images and indexes with every digest kept (%s)", async (kind) => {
    const { server, skopeo } = targets[kind];
    const all = (from: string, to: string, ...args: string[]) =>
      run("skopeo", "copy", "--quiet", "--all", ...args, from, to);
    for (const name of ["one", "many"] as const) {
      const at = `docker://${server.host}/skopeo/${name}:1`;
      await all(`docker://${server.host}/${name}:1`, layout(`${kind}-${name}-given`), ...skopeo("src-"));
      await all(layout(`${kind}-${name}-given`), at, ...skopeo("dest-"));
      await all(at, layout(`${kind}-${name}-back`), ...skopeo("src-"));
      expect(await held(targets[kind], `skopeo/${name}:1`)).toEqual(await wanted(`${name}:1`));
      const raw = await run("skopeo", "inspect", "--raw", layout(`${kind}-${name}-back`));
      expect(digestOf(Buffer.from(raw))).toBe((name === "one" ? image : index).digest);
    }
    const other = `docker://${server.host}/skopeo/many:1`;
    await run("skopeo", "delete", ...skopeo(""), other);
    await expect(run("skopeo", "inspect", ...skopeo(""), other)).rejects.toThrow(/manifest unknown/);
  });

  it("is refused without a login, and does not trust an unknown certificate", async () => {
    const at = `docker://${targets.closed.server.host}/one:1`;
    await expect(run("skopeo", "inspect", "--cert-dir", certificates, at)).rejects.toThrow(refused);
    await expect(run("skopeo", "inspect", "--creds", "ann:secret", at)).rejects.toThrow(/certificate/);
  });

  it("is one of twenty at once, ten of which push and ten pull", async () => {
    const { server, skopeo } = targets.closed;
    const digests = new Map<string, string>();
    for (let at = 0; at < 10; at += 1) {
      // Every second one has its largest layer in common with all others.
      const layers = at % 2 === 0 ? [shared] : [layerTar([{ path: "mine", data: randomBytes(2 << 20) }])];
      const root = imageOf(store, [...layers, layerTar([{ path: "at", data: `${at}` }])], {
        packing: "gzip",
      });
      const sink = await (await openPlace(layout(`many-${at}`), targets.open.context)).sink();
      await copyImage(store.source(root), sink, { progress: silent });
      await sink.close();
      digests.set(`${at}`, root.digest);
    }
    const pushes = [...digests.keys()].map((at) => {
      const to = `docker://${server.host}/crowd/${Number(at) % 3}:${at}`;
      return run("skopeo", "copy", "--quiet", ...skopeo("dest-"), layout(`many-${at}`), to);
    });
    const pulls = [...digests.keys()].map(async (at) => {
      const from = `docker://${server.host}/many:1`;
      await run("skopeo", "copy", "--quiet", "--all", ...skopeo("src-"), from, layout(`pulled-${at}`));
      return digestOf(Buffer.from(await run("skopeo", "inspect", "--raw", layout(`pulled-${at}`))));
    });
    await Promise.all(pushes);
    expect(new Set(await Promise.all(pulls))).toEqual(new Set([index.digest]));
    for (const [at, digest] of digests)
      expect((await held(targets.closed, `crowd/${Number(at) % 3}:${at}`)).digest).toBe(digest);
  });
});

for (const program of ["podman", "buildah"]) {
  const missing = firstMissing(podmanMissing, toolMissing(program));
  describePlace(`server-${program}`, missing, () => podmanLike(program));
}

/** What podman and buildah have in common. */
function podmanLike(program: string): void {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startPodman();
    engine.env["REGISTRY_AUTH_FILE"] = join(engine.folder, "auth.json");
    writeFileSync(engine.env["REGISTRY_AUTH_FILE"], "{}");
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);
  const call = async (...args: string[]) => (await engine.run(program, ...args)).trim();

  it.each(kinds)("pushes and pulls images and lists with every ID kept (%s)", async (kind) => {
    const target = targets[kind];
    const { host } = target.server;
    const flags = target.podman;
    if (kind === "closed") {
      await expect(call("pull", ...flags, `${host}/one:1`)).rejects.toThrow(refused);
      const words = [...flags, "-u", "ann", "-p", "secret", host];
      expect(await call("login", ...words)).toMatch(/Login Succeeded/);
    }
    const { ids, manifests } = await wanted("many:1");
    const id = ids[own]?.slice("sha256:".length);
    expect(await call("pull", "-q", ...flags, `${host}/one:1`)).toBe(id);
    await call("tag", `${host}/one:1`, `${host}/${program}/one:1`);
    await call("push", "-q", ...flags, `${host}/${program}/one:1`);
    await call("rmi", "-f", id ?? "");
    expect(await call("pull", "-q", ...flags, `${host}/${program}/one:1`)).toBe(id);
    expect((await held(target, `${program}/one:1`)).ids).toEqual({ [own]: ids[own] });

    const list = `localhost/list-${kind}`;
    await call("manifest", "create", list);
    await call("manifest", "add", "--all", ...flags, list, `docker://${host}/many:1`);
    const digestFile = join(engine.folder, "digest");
    const to = `docker://${host}/${program}/many:1`;
    await call("manifest", "push", "--all", ...flags, "--digestfile", digestFile, list, to);
    expect(await held(target, `${program}/many:1`)).toEqual({
      digest: readFileSync(digestFile, "utf8"),
      manifests,
      ids,
    });
    const pull = ["pull", "-q", ...flags, "--platform", `linux/${other}`];
    expect(await call(...pull, `${host}/${program}/many:1`)).toBe(ids[other]?.slice("sha256:".length));
    await call("rmi", "-f", "-a");
  });
}

describePlace("server-docker", dockerMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startDocker();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);
  const docker = async (...args: string[]) => (await engine.run("docker", ...args)).trim();
  const idOf = (name: string) => docker("image", "inspect", "--format", "{{.Id}}", name);
  /** The ID of an image that is fetched whole: nothing of any image was left. */
  const pulledAnew = async (name: string, architecture: string): Promise<string> => {
    const known = (await docker("image", "ls", "-a", "-q", "--no-trunc")).split("\n").filter(Boolean);
    await docker("rmi", "-f", ...new Set(known));
    await docker("pull", "-q", "--platform", `linux/${architecture}`, name);
    return await idOf(name);
  };

  // Docker does not check the certificates of its own machine.
  it.each(kinds)("pushes and pulls images and lists with every ID kept (%s)", async (kind) => {
    const target = targets[kind];
    const { host } = target.server;
    if (kind === "closed") {
      await expect(docker("pull", `${host}/one:1`)).rejects.toThrow(refused);
      expect(await docker("login", "-u", "ann", "-p", "secret", host)).toMatch(/Login Succeeded/);
    }
    const { ids } = await wanted("many:1");
    for (const architecture of [own, other]) {
      await docker("pull", "-q", "--platform", `linux/${architecture}`, `${host}/many:1`);
      expect(await idOf(`${host}/many:1`)).toBe(ids[architecture]);
      await docker("tag", `${host}/many:1`, `${host}/docker/app:${architecture}`);
      await docker("push", "-q", `${host}/docker/app:${architecture}`);
      expect((await held(target, `docker/app:${architecture}`)).ids[architecture]).toBe(ids[architecture]);
    }
    for (const architecture of [own, other])
      expect(await pulledAnew(`${host}/docker/app:${architecture}`, architecture)).toBe(ids[architecture]);

    // Lists are the work of the docker program itself, which always speaks plain HTTP to its own machine.
    if (kind === "closed") return;
    const parts = [own, other].map((architecture) => `${host}/docker/app:${architecture}`);
    await docker("manifest", "create", "--insecure", `${host}/docker/app:all`, ...parts);
    const digest = await docker("manifest", "push", "--insecure", `${host}/docker/app:all`);
    expect(await held(target, "docker/app:all")).toMatchObject({ digest, ids });
    for (const architecture of [own, other])
      expect(await pulledAnew(`${host}/docker/app:all`, architecture)).toBe(ids[architecture]);
  });
});

describePlace("server-containerd", containerdMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startContainerd();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);
  const ctr = (...args: string[]) => engine.run("ctr", ...args);

  it.each(kinds)("pushes and pulls images and indexes with every digest kept (%s)", async (kind) => {
    const target = targets[kind];
    const { host } = target.server;
    const flags = target.ctr;
    if (kind === "closed")
      await expect(ctr("images", "pull", "--hosts-dir", hosts, `${host}/one:1`)).rejects.toThrow(refused);
    for (const name of ["one:1", "many:1"] as const) {
      const platforms = name === "many:1" ? ["--all-platforms"] : [];
      await ctr("images", "pull", ...platforms, ...flags, `${host}/${name}`);
      await ctr("images", "push", ...flags, `${host}/ctr/${name}`, `${host}/${name}`);
      expect(await held(target, `ctr/${name}`)).toEqual(await wanted(name));
      // Nothing of it is left, so that all of it is fetched.
      await ctr("images", "rm", "--sync", `${host}/${name}`);
      await ctr("images", "pull", ...platforms, ...flags, `${host}/ctr/${name}`);
      const listed = await ctr("images", "ls", `name==${host}/ctr/${name}`);
      expect(listed).toContain((await wanted(name)).digest);
    }
  });
});
