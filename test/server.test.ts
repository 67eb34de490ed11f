import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments, parse } from "yaml";
import { digestOf, hexOf } from "../src/oci/digest.ts";
import { newFolder } from "../src/places/testing/folders.ts";
import { checkExposure } from "../src/registry/exposure.ts";
import { loadConfig } from "../src/registry/config.ts";
import { noise, writeImage } from "./support/images.ts";
import { ddiff, repository, run } from "./support/run.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { findTool } from "./support/tools.ts";

let folder: string;
let data: string;
let server: TestServer | undefined;
beforeEach(async () => {
  folder = await newFolder();
  data = join(folder, "data");
});
afterEach(async () => {
  await server?.stop("SIGKILL");
  server = undefined;
});

/** Pushes an image of one layer and answers its manifest's digest. */
async function push(name: string, seed = name): Promise<string> {
  const layout = `oci:${join(folder, `layout-${seed.replaceAll(/\W/g, "-")}`)}:x`;
  const digest = await writeImage(layout, [{ [seed]: noise(seed, 100_000) }], folder);
  const copied = await ddiff(["copy", layout, `docker://${server?.host}/${name}`]);
  expect(copied).toMatchObject({ status: 0 });
  return digest;
}

describe("a registry", () => {
  test("is one command, keeps what it is given over a restart, and ends well when told to", async () => {
    server = await startServer(["--data", data]);
    const digest = await push("lab/app:1");
    expect(await server.stop()).toEqual({ status: 0, signal: null });
    expect(server.log()).toMatch(/"message":"stopped"/);
    server = await startServer(["--data", data]);
    const answer = await fetch(`${server.url}/v2/lab/app/manifests/1`);
    expect(answer.headers.get("docker-content-digest")).toBe(digest);
    const env = { DDIFF_URL: server.url };
    expect((await ddiff(["list", "lab/app"], { env })).stdout).toBe("1\n");
    expect(await server.stop("SIGINT")).toEqual({ status: 0, signal: null });
  });

  test("lets an upload finish that runs when it is told to stop", async () => {
    server = await startServer(["--data", data]);
    const { url } = server;
    const begun = await fetch(`${url}/v2/app/blobs/uploads/`, { method: "POST" });
    const bytes = Buffer.from("a layer");
    const place = new URL(`${begun.headers.get("location")}?digest=${digestOf(bytes)}`, url);
    const status = new Promise<number | undefined>((resolve, reject) => {
      const put = request(place, { method: "PUT", headers: { "Content-Length": bytes.length } });
      put.on("response", (answer) => resolve(answer.resume().statusCode)).on("error", reject);
      put.write(bytes.subarray(0, 3));
      void sleep(7000).then(() => put.end(bytes.subarray(3)));
    });
    await sleep(300);
    // Longer than any other command may take to stop.
    const stopped = server.stop();
    expect(await status).toBe(201);
    expect(await stopped).toEqual({ status: 0, signal: null });
    expect(existsSync(join(data, "blobs", "sha256"))).toBe(true);
  });

  test("ends at once when told twice", async () => {
    server = await startServer(["--data", data]);
    const begun = await fetch(`${server.url}/v2/app/blobs/uploads/`, { method: "POST" });
    const put = request(new URL(begun.headers.get("location") ?? "", server.url), {
      method: "PATCH",
      headers: { "Content-Length": 100 },
    });
    put.on("error", () => {});
    put.write("x");
    await sleep(300);
    server.child.kill("SIGTERM");
    await sleep(600);
    const start = performance.now();
    await server.stop("SIGTERM");
    expect(performance.now() - start).toBeLessThan(1500);
  });

  test("has its folder for itself, and says who has it", async () => {
    server = await startServer(["--data", data]);
    const second = await ddiff(["server", "--data", data, "--listen", "127.0.0.1:0"]);
    expect(second.status).toBe(3);
    expect(second.stderr).toContain(`${data} is in use by process ${server.child.pid}`);
  });

  test("does not start where strangers would get in, and says what to do", async () => {
    const open = await ddiff(["server", "--listen", ":0", "--data", data]);
    expect(open.status).toBe(2);
    expect(open.stderr).toMatch(/there are no users/);
    expect(open.stderr).toMatch(/ddiff server htpasswd/);
    // Nothing was made on the way.
    expect(existsSync(data)).toBe(false);
    server = await startServer(["--listen", ":0", "--open", "--data", data]);
    expect((await fetch(`http://127.0.0.1:${new URL(server.url).port}/v2/`)).status).toBe(200);
  });

  test("is configured by variables, too, and by those of the original tool", async () => {
    const env = { DDIFF_SERVER_READ_ONLY: "1", DDIFF_REGISTRY_VOLUME: data };
    server = await startServer([], env);
    expect((await fetch(`${server.url}/v2/app/blobs/uploads/`, { method: "POST" })).status).toBe(403);
    expect(await readdir(data)).toContain("blobs");
  });
});

describe("users", () => {
  test("are made with a password from standard input, and log in", async () => {
    const made = await ddiff(["server", "htpasswd", "ann"], { input: "secret\n" });
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(made.stdout).toMatch(/^ann:\$2y\$11\$[./A-Za-z0-9]{53}\n$/);
    writeFileSync(join(folder, "users"), made.stdout);
    server = await startServer(["--data", data, "--htpasswd", join(folder, "users")]);
    const ask = async (password: string): Promise<number> => {
      const headers = { Authorization: `Basic ${Buffer.from(`ann:${password}`).toString("base64")}` };
      return (await fetch(`${server?.url}/v2/`, { headers })).status;
    };
    expect([await ask("secret"), await ask("Secret")]).toEqual([200, 401]);
    expect((await fetch(`${server.url}/v2/`)).status).toBe(401);
  });

  test.each([
    [["server", "htpasswd"], "x", /needs a USER/],
    [["server", "htpasswd", "a:b"], "x", /no name for a user/],
    [["server", "htpasswd", "ann"], "\n", /password is empty/],
    [["server", "htpasswd", "ann"], "x".repeat(73), /longer than 72 bytes/],
  ])("are not made from what would not work: %j", async (words, input, expected) => {
    const made = await ddiff(words, { input });
    expect(made).toMatchObject({ status: 2, stdout: "" });
    expect(made.stderr).toMatch(expected);
  });
});

const config = (): string => {
  const file = join(folder, "server.yaml");
  writeFileSync(file, "gc:\n  grace: 1ms\n");
  return file;
};

async function manifestOf(tag: string): Promise<string> {
  const answer = await fetch(`${server?.url}/v2/app/manifests/${tag}`, { method: "HEAD" });
  return answer.headers.get("docker-content-digest") ?? "";
}

describe("chores", () => {
  test.each([true, false])("garbage goes, with a running server: %s", async (running) => {
    const args = ["--config", config(), "--data", data];
    server = await startServer(args);
    await push("app:1");
    await push("app:2");
    await fetch(`${server.url}/v2/app/manifests/${await manifestOf("1")}`, { method: "DELETE" });
    if (!running) await server.stop();
    const dry = await ddiff(["server", "gc", "--dry-run", ...args]);
    expect(dry).toMatchObject({ status: 0, stderr: "" });
    // The layer, the config and the manifest.
    expect(dry.stdout).toMatch(/^blob sha256:[0-9a-f]{64} \d/m);
    expect(dry.stdout).toMatch(/3 blobs and 0 uploads would go/);
    const gone = JSON.parse((await ddiff(["server", "gc", "--json", ...args])).stdout) as { blobs: number };
    expect(gone.blobs).toBe(3);
    expect((await ddiff(["server", "gc", ...args])).stdout).toMatch(/^0 blobs and 0 uploads gone, 0 B\n/);
    if (!running) server = await startServer(args);
    expect((await fetch(`${server.url}/v2/app/manifests/2`)).status).toBe(200);
  });

  test("what is damaged is named with the image that it harms", async () => {
    server = await startServer(["--data", data]);
    await push("lab/app:1");
    expect(await ddiff(["server", "scrub", "--data", data])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/3 blobs read, .*all sound/),
    });
    const manifest = (await (await fetch(`${server.url}/v2/lab/app/manifests/1`)).json()) as {
      layers: { digest: `sha256:${string}` }[];
    };
    const layer = manifest.layers[0]?.digest ?? "sha256:";
    const path = join(data, "blobs", "sha256", hexOf(layer).slice(0, 2), hexOf(layer));
    const bytes = readFileSync(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const found = await ddiff(["server", "scrub", "--data", data]);
    expect(found.status).toBe(1);
    expect(found.stdout).toContain(`${layer} is damaged: harms lab/app:1`);
    expect(server.log()).toMatch(/"level":"error","message":"a blob is damaged"/);
  });

  test("a configuration is checked with the files that it names", async () => {
    const file = join(folder, "server.yaml");
    const check = () => ddiff(["server", "check-config", "--config", file]);
    writeFileSync(join(folder, "users"), `ann:$2y$10$${"a".repeat(53)}\n`);
    writeFileSync(
      file,
      "listen: 127.0.0.1:443\ndata: keep\naccess:\n  htpasswd: users\n  groups: { a: [ann, bob] }\n",
    );
    expect(await check()).toMatchObject({ status: 0, stderr: "" });
    expect((await check()).stdout).toMatch(
      /listens on 127.0.0.1:443\n.*keep\nknows 1 user\n[^]*warning: bob stands in a rule or a group/,
    );
    writeFileSync(file, "acess:\n  htpasswd: users\n");
    expect(await check()).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/line 1: there is no "acess"; did you mean "access"/),
    });
    writeFileSync(file, "access:\n  htpasswd: missing\n");
    expect(await check()).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/file of passwords cannot be read/),
    });
  });
});

/** What the configuration in a text means, with the checks of a start. */
async function load(text: string) {
  const file = join(folder, "server.yaml");
  writeFileSync(file, text);
  const { config } = loadConfig({ config: file }, { HOME: folder });
  checkExposure(config);
  return config;
}

/** What the tests look at in a manifest. */
interface KubernetesObject {
  kind: string;
  stringData?: Record<string, string>;
  spec?: { template?: { spec?: PodSpec } };
}
interface PodSpec {
  terminationGracePeriodSeconds: number;
  containers: {
    args: string[];
    ports: { containerPort: number }[];
    securityContext: object;
    livenessProbe: { httpGet: { path: string } };
    readinessProbe: { httpGet: { path: string } };
  }[];
}

describe("the files for running it", () => {
  const docs = join(repository, "docs", "server");
  const read = (name: string): string => readFileSync(join(docs, name), "utf8");
  test("the configuration to begin with, and the one on the page, are ones", async () => {
    expect((await load(read("server.yaml"))).listen).toBe(":5000");
    const page = readFileSync(join(repository, "docs", "running-the-server.md"), "utf8");
    const [, yaml = ""] = /```yaml\n([^]*?)```/.exec(page) ?? [];
    const config = await load(yaml);
    expect(config.access.rules).toHaveLength(4);
    // Every key that there is stands on the page.
    const keys = Object.keys(
      (
        JSON.parse(readFileSync(join(repository, "docs", "server-config.schema.json"), "utf8")) as {
          properties: object;
        }
      ).properties,
    );
    for (const key of keys) expect(yaml).toMatch(new RegExp(`^(?:# )?${key}:`, "m"));
  });

  test("Kubernetes' have a configuration that starts, probes that answer, and more time to stop than uploads have", async () => {
    const documents = parseAllDocuments(read("kubernetes.yaml")).map((one) => {
      expect("errors" in one && one.errors).toEqual([]);
      return ("toJS" in one ? one.toJS() : {}) as KubernetesObject;
    });
    expect(documents.map((one) => one.kind)).toEqual([
      "Namespace",
      "Secret",
      "StatefulSet",
      "Service",
      "Ingress",
    ]);
    const config = await load(documents[1]?.stringData?.["server.yaml"] ?? "");
    const pod = documents[2]?.spec?.template?.spec;
    const [container] = pod?.containers ?? [];
    if (pod === undefined || container === undefined) throw new Error("there is no pod");
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(config["stop-grace"]);
    expect(container.ports.map((one) => one.containerPort)).toEqual([5000, 9100]);
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    });
    server = await startServer(["--data", data]);
    for (const probe of [container.livenessProbe, container.readinessProbe])
      expect((await fetch(server.url + probe.httpGet.path)).status).toBe(200);
    expect(loadConfig({ config: undefined, data: container.args.at(-1) }, {}).config.data).toBe(
      "/var/lib/ddiff/registry",
    );
  });

  test("compose's have more time to stop than uploads have, and a health check that works", async () => {
    const { services } = parse(read("compose.yaml")) as {
      services: { registry: { stop_grace_period: string; healthcheck: { test: string[] } } };
    };
    const { registry } = services;
    expect(registry.stop_grace_period).toBe("5m30s");
    expect((await load(read("server.yaml")))["stop-grace"]).toBe(300_000);
    server = await startServer(["--data", data]);
    const [, ...check] = registry.healthcheck.test;
    const words = check.map((word) =>
      word.replaceAll("/127.0.0.1/5000", `/127.0.0.1/${new URL(server?.url ?? "").port}`),
    );
    expect((await run(words[0] ?? "", words.slice(1))).status).toBe(0);
    await server.stop();
    expect((await run(words[0] ?? "", words.slice(1))).status).not.toBe(0);
  });

  test.skipIf(findTool("systemd-analyze") === undefined)("systemd understands the unit", async () => {
    const text = read("ddiff-server.service").replaceAll("/usr/local/bin/ddiff", process.execPath);
    const unit = join(folder, "ddiff-server.service");
    writeFileSync(unit, text);
    const verified = await run("systemd-analyze", ["verify", "--man=no", unit]);
    expect(verified).toMatchObject({ status: 0, stderr: "" });
    expect(Number(/TimeoutStopSec=(\d+)/.exec(text)?.[1]) * 1000).toBeGreaterThan(300_000);
  });
});
