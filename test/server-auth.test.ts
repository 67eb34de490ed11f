import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeAuthority } from "../src/registry/testing/certificates.ts";
import { containerdMissing, dockerMissing, podmanMissing } from "./support/engine-kinds.ts";
import { startContainerd, startDocker, startPodman, type TestEngine } from "./support/engines.ts";
import { noise, writeImage } from "./support/images.ts";
import { freePort, startServer, type TestServer } from "./support/server.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), "ddiff-auth-"));
const layout = `oci:${join(folder, "layout")}:x`;
beforeAll(async () => {
  writeFileSync(
    join(folder, "users"),
    ["ann:secret", "eve:other"]
      .map((one) => `${one.replace(/:.*/, (rest) => `:${hashSync(rest.slice(1), 5)}`)}\n`)
      .join(""),
  );
  await writeImage(layout, [{ file: noise("auth", 50_000) }], folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How clients of several ages say that they were refused. */
const refused = /denied|forbidden|may not|no basic auth|authentication required|unauthorized|needs other/i;

/** Ann may push below team-a, everyone may pull below public. With `tokens` the server sends clients for one. */
async function startWithUsers(tokens: boolean, tls = ""): Promise<TestServer> {
  const port = await freePort();
  const scheme = tls === "" ? "http" : "https";
  const file = join(folder, `server-${port}.yaml`);
  const lines = [
    `listen: 127.0.0.1:${port}`,
    ...(tokens ? [`url: ${scheme}://127.0.0.1:${port}`] : []),
    "access:",
    "  htpasswd: users",
    "  rules:",
    "    - { repositories: [team-a/**, public/**], users: [ann], actions: [pull, push] }",
    "    - { repositories: [public/**], anonymous: true, actions: [pull] }",
    tls,
  ];
  writeFileSync(file, lines.join("\n"));
  return await startServer([
    "--config",
    file,
    "--listen",
    `127.0.0.1:${port}`,
    "--data",
    join(folder, `data-${port}`),
  ]);
}

describePlace("skopeo", firstMissing(toolMissing("skopeo"), toolMissing("openssl")), () => {
  const authfile = join(folder, "auth.json");
  const skopeo = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, REGISTRY_AUTH_FILE: authfile };
    return (await run("skopeo", args, { env })).stdout;
  };

  describe.each([
    ["passwords", false],
    ["tokens", true],
  ])("with %s", (_what, tokens) => {
    let server: TestServer;
    beforeAll(async () => {
      writeFileSync(authfile, "{}");
      server = await startWithUsers(tokens);
    });
    afterAll(() => server.stop());

    it("pushes and pulls where its user may, and is told where not", async () => {
      const own = `docker://${server.host}/team-a/app:1`;
      await skopeo("copy", "--dest-tls-verify=false", "--dest-creds", "ann:secret", layout, own);
      const seen = await skopeo("inspect", "--tls-verify=false", "--creds", "ann:secret", "--raw", own);
      expect(JSON.parse(seen)).toMatchObject({ schemaVersion: 2 });
      const push = (creds: string, name: string) =>
        skopeo(
          "copy",
          "--dest-tls-verify=false",
          "--dest-creds",
          creds,
          layout,
          `docker://${server.host}/${name}`,
        );
      await expect(push("ann:wrong", "team-a/app:2")).rejects.toThrow(
        /authentication required|unauthorized|user or the password/i,
      );
      await expect(push("ann:secret", "team-b/app:1")).rejects.toThrow(refused);
      await expect(push("eve:other", "team-a/app:2")).rejects.toThrow(refused);
    });

    it("pulls what everyone may without a login, and nothing else", async () => {
      const open = `docker://${server.host}/public/app:1`;
      await skopeo("copy", "--dest-tls-verify=false", "--dest-creds", "ann:secret", layout, open);
      expect(await skopeo("inspect", "--tls-verify=false", "--no-creds", "--raw", open)).toContain("layers");
      const closed = `docker://${server.host}/team-a/app:1`;
      await expect(skopeo("inspect", "--tls-verify=false", "--no-creds", "--raw", closed)).rejects.toThrow(
        refused,
      );
    });

    it("logs in, and out", async () => {
      await skopeo("login", "--tls-verify=false", "-u", "ann", "-p", "secret", server.host);
      await skopeo("copy", "--dest-tls-verify=false", layout, `docker://${server.host}/team-a/app:3`);
      const tags = JSON.parse(
        await skopeo("list-tags", "--tls-verify=false", `docker://${server.host}/team-a/app`),
      ) as { Tags: string[] };
      expect(tags.Tags).toContain("3");
      await skopeo("logout", server.host);
      await expect(
        skopeo("login", "--tls-verify=false", "-u", "ann", "-p", "wrong", server.host),
      ).rejects.toThrow(/invalid username\/password|unauthorized|authentication/i);
    });
  });

  it("comes with a certificate of its own where the server asks for one", async () => {
    const authority = makeAuthority(folder, "lab");
    const own = authority.sign("localhost");
    const robot = authority.sign("ann");
    const tls = `tls:\n  cert: ${own.cert}\n  key: ${own.key}\n  client-ca: ${authority.cert}\n`;
    const server = await startWithUsers(false, tls);
    try {
      const certificates = join(folder, "robot");
      mkdirSync(certificates);
      copyFileSync(authority.cert, join(certificates, "ca.crt"));
      copyFileSync(robot.cert, join(certificates, "client.cert"));
      copyFileSync(robot.key, join(certificates, "client.key"));
      const name = `docker://${server.host}/team-a/app:1`;
      await skopeo("copy", "--dest-cert-dir", certificates, layout, name);
      expect(await skopeo("inspect", "--cert-dir", certificates, "--raw", name)).toContain("layers");
      rmSync(join(certificates, "client.cert"));
      rmSync(join(certificates, "client.key"));
      await expect(skopeo("inspect", "--cert-dir", certificates, "--raw", name)).rejects.toThrow(
        /certificate/,
      );
    } finally {
      await server.stop();
    }
  });
});

/** What `docker` and `podman` have in common: log in, push and pull one's own, be refused elsewhere. */
async function logInAndOut(
  engine: TestEngine,
  program: "docker" | "podman",
  server: TestServer,
): Promise<void> {
  const verify = program === "podman" ? ["--tls-verify=false"] : [];
  const { host } = server;
  const call = (...args: string[]): Promise<string> => engine.run(program, ...args);
  await expect(call("push", ...verify, `${host}/team-a/app:1`)).rejects.toThrow(refused);
  await expect(call("login", ...verify, "-u", "ann", "-p", "wrong", host)).rejects.toThrow(
    /unauthorized|invalid|user or the password/i,
  );
  expect(await call("login", ...verify, "-u", "ann", "-p", "secret", host)).toContain("Login Succeeded");
  await call("push", ...verify, `${host}/team-a/app:1`);
  await expect(call("push", ...verify, `${host}/team-b/app:1`)).rejects.toThrow(refused);
  await call("rmi", "-f", `${host}/team-a/app:1`);
  await call("pull", ...verify, `${host}/team-a/app:1`);
  await call("logout", host);
  await expect(call("pull", ...verify, `${host}/team-a/app:1`)).rejects.toThrow(refused);
  // A second push finds its layers there.
  expect(server.log()).toMatch(/"caller":"ann"/);
}

async function buildIn(engine: TestEngine, program: "docker" | "podman", host: string): Promise<void> {
  const context = mkdtempSync(join(engine.folder, "context-"));
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY file /file\n");
  writeFileSync(join(context, "file"), noise(host, 20_000));
  await engine.run(program, "build", "-q", "-t", `${host}/team-a/app:1`, context);
  await engine.run(program, "tag", `${host}/team-a/app:1`, `${host}/team-b/app:1`);
}

const kinds = [
  ["passwords", false],
  ["tokens", true],
] as const;

describePlace("docker", dockerMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startDocker();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  it.each(kinds)("logs in with %s", async (_what, tokens) => {
    const server = await startWithUsers(tokens);
    await buildIn(engine, "docker", server.host);
    await logInAndOut(engine, "docker", server);
    await server.stop();
  });
});

describePlace("podman", podmanMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startPodman();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  it.each(kinds)("logs in with %s", async (_what, tokens) => {
    const server = await startWithUsers(tokens);
    engine.env["REGISTRY_AUTH_FILE"] = join(engine.folder, "auth.json");
    writeFileSync(engine.env["REGISTRY_AUTH_FILE"], "{}");
    await buildIn(engine, "podman", server.host);
    await logInAndOut(engine, "podman", server);
    await server.stop();
  });
});

describePlace("containerd", containerdMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startContainerd();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  it.each(kinds)("pushes and pulls with %s", async (_what, tokens) => {
    const server = await startWithUsers(tokens);
    const name = `${server.host}/team-a/app:1`;
    const archive = join(engine.folder, "image.tar");
    rmSync(archive, { force: true });
    await run("skopeo", ["copy", layout, `oci-archive:${archive}:${name}`]);
    await engine.run("ctr", "images", "import", "--base-name", name.replace(/:1$/, ""), archive);
    const listed =
      (await engine.run("ctr", "images", "ls", "-q")).split("\n").find((one) => one.includes(server.host)) ??
      "";
    await engine.run("ctr", "images", "push", "--plain-http", "--user", "ann:secret", name, listed);
    await engine.run("ctr", "images", "rm", listed);
    await engine.run("ctr", "images", "pull", "--plain-http", "--user", "ann:secret", name);
    await expect(
      engine.run("ctr", "images", "pull", "--plain-http", "--user", "ann:wrong", name),
    ).rejects.toThrow();
    await server.stop();
  });
});
