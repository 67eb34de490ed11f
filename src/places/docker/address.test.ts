import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder } from "../testing/folders.ts";
import { describeAddress, dockerAddress } from "./address.ts";

test.each([
  ["unix:///run/x.sock", { kind: "unix", path: "/run/x.sock" }],
  ["tcp://box:2375", { kind: "tcp", host: "box", port: 2375 }],
  ["tcp://box", { kind: "tcp", host: "box", port: 2375 }],
  ["http://box:80", { kind: "tcp", host: "box", port: 80 }],
  ["tcp://[::1]:9", { kind: "tcp", host: "::1", port: 9 }],
  ["https://box", { kind: "tcp", host: "box", port: 2376, tls: { verify: true } }],
  ["ssh://me@box", { kind: "ssh", target: "me@box", command: ["docker", "system", "dial-stdio"] }],
  ["ssh://box:2222", { kind: "ssh", target: "box", port: 2222, command: ["docker", "system", "dial-stdio"] }],
])("DOCKER_HOST=%s is understood", async (host, address) => {
  expect(await dockerAddress({ DOCKER_HOST: host })).toEqual(address);
});

test.each([
  "box",
  "unix://relative.sock",
  "tcp://",
  "ftp://box",
  "ssh://-oProxyCommand=evil",
  "ssh://-x@box",
  "fd://",
])("DOCKER_HOST=%s is refused as wrong usage", async (host) => {
  await expect(dockerAddress({ DOCKER_HOST: host })).rejects.toMatchObject({
    code: "ENGINE_ADDRESS",
    exitStatus: 2,
  });
});

test("DOCKER_TLS_VERIFY brings the certificates of DOCKER_CERT_PATH", async () => {
  const folder = await newFolder();
  for (const name of ["ca", "cert", "key"]) await writeFile(join(folder, `${name}.pem`), name);
  const env = { DOCKER_HOST: "tcp://box", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder };
  expect(await dockerAddress(env)).toEqual({
    kind: "tcp",
    host: "box",
    port: 2376,
    tls: { verify: true, ca: Buffer.from("ca"), cert: Buffer.from("cert"), key: Buffer.from("key") },
  });
});

test("the docker context in use is asked, and one that does not exist is an error", async () => {
  const folder = await newFolder();
  const id = createHash("sha256").update("far").digest("hex");
  await mkdir(join(folder, "contexts/meta", id), { recursive: true });
  const meta = { Name: "far", Endpoints: { docker: { Host: "tcp://far:1" } } };
  await writeFile(join(folder, "contexts/meta", id, "meta.json"), JSON.stringify(meta));
  await writeFile(join(folder, "config.json"), JSON.stringify({ currentContext: "far" }));
  const env = { DOCKER_CONFIG: folder };
  expect(await dockerAddress(env)).toEqual({ kind: "tcp", host: "far", port: 1 });
  expect(await dockerAddress({ ...env, DOCKER_HOST: "unix:///x" })).toEqual({ kind: "unix", path: "/x" });
  expect(await dockerAddress({ ...env, DOCKER_CONTEXT: "default" })).toMatchObject({ kind: "unix" });
  await expect(dockerAddress({ ...env, DOCKER_CONTEXT: "gone" })).rejects.toMatchObject({
    code: "ENGINE_ADDRESS",
    message: expect.stringContaining("gone"),
  });
});

test("rootless Docker's socket is found where the usual one is missing", async () => {
  const runtime = await newFolder();
  const address = await dockerAddress({ DOCKER_CONFIG: runtime, XDG_RUNTIME_DIR: runtime });
  expect(describeAddress(address)).toMatch(/^unix:\/\/\/var\/run\/docker\.sock$/);
});
