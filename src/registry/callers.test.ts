import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import type { Access, Action } from "./access/access.ts";
import { RegistryError } from "./errors.ts";
import type { Answer } from "./registry.ts";
import { codesOf, makeManifest, pushBlob, pushManifest, type Reply, startRegistry } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

/** `Authorization: ann` may do all in `ann/...`, pull `shared/...`, and where it is a token for `ann/`, more with another. */
const access: Access = {
  identify: async (request) => {
    const name = request.headers.authorization;
    if (name === "wrong") {
      throw new RegistryError("UNAUTHORIZED", "no", { headers: { "WWW-Authenticate": "Basic realm=test" } });
    }
    const may = (action: Action, repository: string): boolean =>
      name === "root" ||
      (name !== undefined && repository.startsWith(`${name}/`)) ||
      (action === "pull" && repository.startsWith("shared/"));
    return {
      name,
      may,
      mayList: name !== undefined,
      ...(name === "narrow" ? { mayWithOtherToken: () => true } : {}),
      mayMoveTag: (_repository, tag) => !tag.startsWith("v"),
    };
  },
  challenge: (_request, action, repository, from) =>
    `Test ${action} ${repository ?? "-"}${from === undefined ? "" : ` from ${from}`}`,
};

const answers: Answer[] = [];
const registry = useRegistry({ access, onAnswer: (answer) => answers.push(answer) });
const blob = Buffer.from("secret of ann");
const digest = digestOf(blob);
beforeAll(async () => {
  await as("root", "POST", `/v2/ann/app/blobs/uploads/?digest=${digest}`, blob);
  await as("root", "POST", `/v2/shared/app/blobs/uploads/?digest=${digest}`, blob);
  await as(
    "root",
    "POST",
    `/v2/bob/app/blobs/uploads/?digest=${digestOf(Buffer.from("b"))}`,
    Buffer.from("b"),
  );
});

async function as(name: string | undefined, method: string, path: string, body?: Buffer): Promise<Reply> {
  return await registry.call(method, path, {
    headers: name === undefined ? {} : { Authorization: name },
    ...(body === undefined ? {} : { body }),
  });
}

describe("a caller who may not", () => {
  const tries = [
    ["GET", `/v2/ann/app/blobs/${digest}`, "pull"],
    ["HEAD", `/v2/ann/app/blobs/${digest}`, "pull"],
    ["GET", "/v2/ann/app/manifests/latest", "pull"],
    ["GET", "/v2/ann/app/tags/list", "pull"],
    ["GET", `/v2/ann/app/referrers/${digest}`, "pull"],
    ["PUT", "/v2/ann/app/manifests/latest", "push"],
    ["POST", "/v2/ann/app/blobs/uploads/", "push"],
    ["PATCH", "/v2/ann/app/blobs/uploads/abcdefghijklmnopqrstuvwx", "push"],
    ["DELETE", `/v2/ann/app/blobs/${digest}`, "delete"],
    ["DELETE", "/v2/ann/app/manifests/latest", "delete"],
  ] as const;

  test.each(tries)("is asked who they are, or told no: %s %s", async (method, path, action) => {
    for (const name of [undefined, "narrow"]) {
      const asked = await as(name, method, path);
      expect(asked.status).toBe(401);
      expect(asked.headers["www-authenticate"]).toBe(`Test ${action} ann/app`);
      if (method !== "HEAD") expect(codesOf(asked)).toEqual(["UNAUTHORIZED"]);
    }
    const told = await as("bob", method, path);
    expect(told.status).toBe(403);
    expect(told.headers["www-authenticate"]).toBeUndefined();
  });

  test("learns nothing of what is there", async () => {
    const there = await as("bob", "GET", `/v2/ann/app/blobs/${digest}`);
    const not = await as("bob", "GET", `/v2/ann/none/blobs/${digest}`);
    expect(there.body.toString().replace("ann/app", "")).toBe(not.body.toString().replace("ann/none", ""));
  });

  test("is refused with wrong credentials also where none are needed", async () => {
    const reply = await as("wrong", "GET", `/v2/shared/app/blobs/${digest}`);
    expect([reply.status, reply.headers["www-authenticate"]]).toEqual([401, "Basic realm=test"]);
  });
});

test("the base asks those without credentials, since docker asks nowhere else", async () => {
  const asked = await as(undefined, "GET", "/v2/");
  expect([asked.status, asked.headers["www-authenticate"]]).toEqual([401, "Test pull -"]);
  expect((await as("ann", "GET", "/v2/")).status).toBe(200);
});

test("the catalog shows what the caller may pull, page by page", async () => {
  expect((await as(undefined, "GET", "/v2/_catalog")).status).toBe(401);
  const of = async (name: string, query = ""): Promise<unknown> =>
    JSON.parse((await as(name, "GET", `/v2/_catalog${query}`)).body.toString());
  expect(await of("bob")).toEqual({ repositories: ["bob/app", "shared/app"] });
  const first = await as("bob", "GET", "/v2/_catalog?n=1");
  expect(JSON.parse(first.body.toString())).toEqual({ repositories: ["bob/app"] });
  expect(first.headers.link).toBe('</v2/_catalog?n=1&last=bob%2Fapp>; rel="next"');
});

const mount = (name: string, from: string): Promise<Reply> =>
  as(name, "POST", `/v2/${name}/own/blobs/uploads/?mount=${digest}${from}`);

describe("a mount", () => {
  test("from a repository that the caller may pull gives the blob", async () => {
    expect((await mount("bob", "&from=shared/app")).status).toBe(201);
    expect((await as("bob", "GET", `/v2/bob/own/blobs/${digest}`)).body.equals(blob)).toBe(true);
  });

  test("from another one, or from none, begins an upload as if it were not there", async () => {
    for (const from of ["&from=ann/app", "&from=ann/none", ""]) {
      expect((await mount("eve", from)).status).toBe(202);
      expect((await as("eve", "HEAD", `/v2/eve/own/blobs/${digest}`)).status).toBe(404);
    }
  });
});

describe("a mount with a token", () => {
  test("is answered with both repositories to ask for, where another token would open the other one", async () => {
    const reply = await mount("narrow", "&from=ann/app");
    expect(reply.status).toBe(401);
    expect(reply.headers["www-authenticate"]).toBe("Test push narrow/own from ann/app");
    // Without a name there is nothing to ask for: an upload begins.
    expect((await mount("narrow", "")).status).toBe(202);
  });

  test("names both repositories from the first answer on", async () => {
    const path = `/v2/bob/own/blobs/uploads/?mount=${digest}&from=shared/app`;
    expect((await as(undefined, "POST", path)).headers["www-authenticate"]).toBe(
      "Test push bob/own from shared/app",
    );
  });
});

describe("a tag that stays", () => {
  test("is set once, by tag, by query, and however often with the same content", async () => {
    const own = await startRegistry({
      access: {
        ...access,
        identify: async () => {
          const caller = await access.identify({ headers: { authorization: "root" } } as never);
          return caller;
        },
      },
    });
    try {
      const first = await makeManifest(own, "a");
      const second = await makeManifest(own, "a", { annotations: { n: "2" } });
      const racing = await Promise.all([first, second].map((bytes) => pushManifest(own, "a", "v1", bytes)));
      expect(racing.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 403]);
      const [kept, other] = racing[0]?.status === 201 ? [first, second] : [second, first];
      expect((await pushManifest(own, "a", "v1", kept)).status).toBe(201);
      const moved = await pushManifest(own, "a", "v1", other);
      expect([moved.status, codesOf(moved)]).toEqual([403, ["DENIED"]]);
      expect((await pushManifest(own, "a", `${digestOf(other)}?tag=new&tag=v1`, other)).status).toBe(403);
      expect((await own.call("HEAD", "/v2/a/manifests/new")).status).toBe(404);
      expect((await own.call("DELETE", "/v2/a/manifests/v1")).status).toBe(403);
      expect((await own.call("DELETE", `/v2/a/manifests/${digestOf(kept)}`)).status).toBe(403);
      expect((await own.call("GET", "/v2/a/manifests/v1")).body.equals(kept)).toBe(true);
      await pushManifest(own, "a", "free", other);
      expect((await own.call("DELETE", `/v2/a/manifests/${digestOf(other)}`)).status).toBe(202);
    } finally {
      await own.close();
    }
  });
});

test("every answer is told: who, what, how much, and what went wrong", async () => {
  answers.length = 0;
  await as("root", "POST", `/v2/ann/log/blobs/uploads/?digest=${digest}`, blob);
  await as("ann", "GET", `/v2/ann/log/blobs/${digest}`);
  await as(undefined, "GET", "/v2/ann/log/manifests/none");
  expect(answers).toMatchObject([
    {
      method: "POST",
      route: "uploads",
      repository: "ann/log",
      status: 201,
      received: blob.length,
      caller: "root",
    },
    { method: "GET", route: "blob", reference: digest, status: 200, sent: blob.length, caller: "ann" },
    { method: "GET", route: "manifest", reference: "none", status: 401, error: { code: "UNAUTHORIZED" } },
  ]);
  for (const { seconds, remote } of answers) {
    expect(seconds).toBeGreaterThan(0);
    expect(remote).toBe("127.0.0.1");
  }
});

test("a fault of ours is told to the log, not to the client", async () => {
  const told: Answer[] = [];
  const own = await startRegistry({
    onAnswer: (answer) => told.push(answer),
    wrap: (store) => ({
      ...store,
      stat: async () => {
        throw new Error("secret /path of the disk");
      },
    }),
  });
  try {
    const reply = await own.call("GET", `/v2/a/blobs/${digest}`);
    expect([reply.status, codesOf(reply)]).toEqual([500, ["UNKNOWN"]]);
    expect(reply.body.toString()).not.toContain("secret");
    expect(told[0]?.error).toMatchObject({ message: "secret /path of the disk" });
    await expect(pushBlob(own, "a", Buffer.from("x"))).rejects.toThrow("500");
  } finally {
    await own.close();
  }
});
