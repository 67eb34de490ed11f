import { describe, expect, it } from "vitest";
import { readRunConfig } from "./run-config.ts";

const read = (config: unknown) => readRunConfig(Buffer.from(JSON.stringify({ config })));

describe("how a container starts", () => {
  it("is read from the image config", () => {
    const found = read({
      Env: ["PATH=/opt/conda/bin:/bin", "EMPTY=", "A=b=c"],
      Entrypoint: ["tini", "--"],
      Cmd: ["jupyter", "lab"],
      WorkingDir: "/work",
      User: "jovyan",
      ExposedPorts: { "8888/tcp": {}, "8787/tcp": {} },
      Volumes: { "/data": {} },
      Healthcheck: { Test: ["CMD-SHELL", "curl -f localhost"] },
      Labels: { "org.opencontainers.image.version": "2" },
    });
    expect(found).toMatchObject({
      entrypoint: ["tini", "--"],
      cmd: ["jupyter", "lab"],
      workingDir: "/work",
      user: "jovyan",
      ports: ["8787/tcp", "8888/tcp"],
      volumes: ["/data"],
      healthcheck: ["curl -f localhost"],
    });
    expect([...found.labels]).toEqual([["org.opencontainers.image.version", "2"]]);
    expect([...found.env]).toEqual([
      ["PATH", "/opt/conda/bin:/bin"],
      ["EMPTY", ""],
      ["A", "b=c"],
    ]);
  });

  it.each([
    undefined,
    null,
    3,
    [],
    { Env: "A=b", Entrypoint: null, Cmd: [1, "x"], Volumes: 3, Healthcheck: [] },
  ])("takes what is no such thing as absent: %j", (config) => {
    const { env, entrypoint, workingDir, volumes, healthcheck } = read(config);
    expect([env.size, entrypoint, workingDir, volumes, healthcheck]).toEqual([0, [], "", [], []]);
  });
});
