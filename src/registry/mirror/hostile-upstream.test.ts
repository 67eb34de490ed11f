import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { sendJson } from "../../places/registry/testing/fake-registry.ts";
import { manifestPath, useScene } from "../testing/mirroring.ts";
import type { Reply } from "../testing/start.ts";

const login = { username: "ann", password: "secret-of-ann" };
const scene = useScene();

/** The status of an answer, or that it broke off. */
async function outcome(reply: Promise<Reply>): Promise<number | "broken"> {
  try {
    return (await reply).status;
  } catch {
    return "broken";
  }
}

/** Has the upstream refuse whoever brings no login. */
const demandLogin = (challenge: string): void => {
  scene.upstream.intercept = (request, response) => {
    if (request.headers.authorization !== undefined) return false;
    return sendJson(response, 401, {}, { "www-authenticate": challenge });
  };
};

describe("an upstream that lies", () => {
  const other = Buffer.alloc(300_000, 1);
  test.each<[string, (response: ServerResponse) => void]>([
    ["sends another blob", (response) => response.writeHead(200, { "content-length": 300_000 }).end(other)],
    [
      "cuts it off",
      (response) => response.writeHead(200, { "content-length": 1000 }).end(other.subarray(0, 1000)),
    ],
    [
      "sends more than it said",
      (response) => response.writeHead(200).end(Buffer.concat([scene.layer, other])),
    ],
    [
      "breaks off without an end",
      (response) => {
        response.writeHead(200, { "content-length": 300_000 });
        response.write(scene.layer.subarray(0, 1000), () => response.destroy());
      },
    ],
  ])(
    "and %s: no client gets all of it, nothing is kept, and a pull works when it has come to its senses",
    async (_, write) => {
      const registry = await scene.start();
      scene.upstream.intercept = (_, response, { method, url }) => {
        if (method !== "GET" || !url.includes("/blobs/")) return false;
        write(response);
        return true;
      };
      const outcomes = await Promise.all(
        [1, 2, 3].map(() => outcome(registry.call("GET", scene.blobPath()))),
      );
      for (const one of outcomes) expect([502, "broken"]).toContain(one);
      await scene.expectNothingKept(registry);
      scene.upstream.intercept = () => false;
      expect((await registry.call("GET", scene.blobPath())).body.equals(scene.layer)).toBe(true);
    },
  );

  test.each<[string, (response: ServerResponse) => void]>([
    [
      "sends another manifest than it names",
      (response) =>
        response.writeHead(200, { "docker-content-digest": scene.layerDigest }).end(scene.manifest.bytes),
    ],
    ["sends no manifest", (response) => response.writeHead(200).end("{}")],
    [
      "sends a manifest of two kinds",
      (response) =>
        response.writeHead(200).end(scene.manifest.bytes.toString().replace("{", '{"manifests":[],')),
    ],
    [
      "sends a manifest without end",
      (response) => {
        response.writeHead(200, { "content-type": mediaTypes.ociManifest });
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
          if (!response.destroyed) response.once("drain", more);
        };
        more();
      },
    ],
  ])("and %s is answered by 502", async (_, write) => {
    const registry = await scene.start();
    scene.upstream.intercept = (_request, response) => {
      write(response);
      return true;
    };
    expect((await registry.call("GET", manifestPath("1"))).status).toBe(502);
    scene.upstream.intercept = () => false;
    expect((await registry.call("GET", manifestPath("1"))).status).toBe(200);
  });

  test("by digest gives what has it, or nothing", async () => {
    const registry = await scene.start();
    const wrong = digestOf(Buffer.from("something else"));
    scene.upstream.manifests.set(wrong, { type: mediaTypes.ociManifest, bytes: scene.manifest.bytes });
    scene.upstream.intercept = (_, response, { url }) => {
      if (!url.includes(wrong)) return false;
      response.writeHead(200, { "content-type": mediaTypes.ociManifest }).end(scene.manifest.bytes);
      return true;
    };
    expect((await registry.call("GET", manifestPath(wrong))).status).toBe(502);
  });
});

describe("the login for an upstream", () => {
  let stranger: Server;
  let strangerPort = 0;
  let seen: IncomingMessage[] = [];

  beforeEach(async () => {
    seen = [];
    stranger = createServer((request, response) => {
      seen.push(request);
      response.writeHead(200, { "content-type": "application/json" }).end('{"token":"stolen"}');
    });
    await new Promise<void>((resolve) => {
      stranger.listen(0, resolve);
    });
    strangerPort = (stranger.address() as AddressInfo).port;
    scene.closing.push(
      () =>
        new Promise((resolve) => {
          stranger.closeAllConnections();
          stranger.close(resolve);
        }),
    );
  });

  test("goes to the upstream that asks for it", async () => {
    const registry = await scene.start({}, { upstream: { credentials: login } });
    demandLogin('Basic realm="up"');
    expect((await registry.call("GET", manifestPath("1"))).status).toBe(200);
    const { authorization } = scene.upstream.requests.at(-1)?.headers ?? {};
    expect(authorization).toBe(`Basic ${Buffer.from("ann:secret-of-ann").toString("base64")}`);
  });

  test.each(["http://localhost:PORT/token", "https://localhost:PORT/token", "http://127.0.0.2:PORT/token"])(
    "does not go to a token server elsewhere: %s",
    async (realm) => {
      const registry = await scene.start({}, { upstream: { credentials: login } });
      const address = realm.replace("PORT", String(strangerPort));
      demandLogin(`Bearer realm="${address}",service="up"`);
      expect((await registry.call("GET", manifestPath("1"))).status).toBe(502);
      expect(seen).toEqual([]);
    },
  );

  test("does not go along with a redirect, not even on the same host", async () => {
    const registry = await scene.start({}, { upstream: { credentials: login } });
    demandLogin('Basic realm="up"');
    await registry.call("GET", manifestPath("1"));
    stranger.removeAllListeners("request");
    stranger.on("request", (request: IncomingMessage, response: ServerResponse) => {
      seen.push(request);
      response.writeHead(200, { "content-length": scene.layer.length }).end(scene.layer);
    });
    scene.upstream.intercept = (_, response, { method, url }) => {
      if (method !== "GET" || !url.includes("/blobs/")) return false;
      response.writeHead(307, { location: `http://127.0.0.1:${strangerPort}/blob` }).end();
      return true;
    };
    expect((await registry.call("GET", scene.blobPath())).body.equals(scene.layer)).toBe(true);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  test.each([
    "http://localhost:PORT/blob",
    "http://127.0.0.2:PORT/blob",
    "http://[::1]:PORT/blob",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/latest/",
    "http://0.0.0.0:PORT/",
    "file:///etc/passwd",
  ])("and a redirect into this machine or network is not followed: %s", async (location) => {
    const registry = await scene.start();
    scene.upstream.intercept = (_, response, { method, url }) => {
      if (method !== "GET" || !url.includes("/blobs/")) return false;
      response.writeHead(307, { location: location.replace("PORT", String(strangerPort)) }).end();
      return true;
    };
    expect((await registry.call("GET", scene.blobPath())).status).toBe(502);
    expect(seen).toEqual([]);
  });

  test("redirects without end are given up", async () => {
    const registry = await scene.start();
    scene.upstream.intercept = (_, response, { url }) => {
      response.writeHead(307, { location: `${url}x` }).end();
      return true;
    };
    expect((await registry.call("GET", manifestPath("1"))).status).toBe(502);
    expect(scene.upstream.lines().length).toBeLessThan(30);
  });
});
