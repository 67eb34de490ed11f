import { describe, expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { digestOf } from "./digest.ts";

const diffIds = [digestOf(Buffer.from("a")), digestOf(Buffer.from("b"), "sha512")];
const good = { architecture: "arm64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds } };
const read = (value: unknown) => parseConfig(Buffer.from(JSON.stringify(value)));

describe("an image config", () => {
  test("gives its platform, layers and steps", () => {
    const history = [
      { created: "2026-01-01T00:00:00Z", created_by: "COPY . /", comment: "buildkit" },
      { created_by: "ENV A=1", empty_layer: true },
      {},
    ];
    expect(read({ ...good, variant: "v8", created: "2026-01-01T00:00:00Z", history })).toStrictEqual({
      architecture: "arm64",
      os: "linux",
      variant: "v8",
      created: "2026-01-01T00:00:00Z",
      diffIds,
      history: [
        { createdBy: "COPY . /", emptyLayer: false, created: "2026-01-01T00:00:00Z", comment: "buildkit" },
        { createdBy: "ENV A=1", emptyLayer: true },
        { emptyLayer: false },
      ],
    });
  });

  test("may hold anything else, and lack or null what Go leaves out", () => {
    expect(
      read({ ...good, config: null, container_config: { Env: [1] }, history: null, moby: { x: [] } }),
    ).toEqual({
      architecture: "arm64",
      os: "linux",
      diffIds,
      history: [],
    });
    expect(read({ ...good, rootfs: { type: "layers", diff_ids: null } }).diffIds).toEqual([]);
    expect(read({ ...good, rootfs: { type: "layers" } }).diffIds).toEqual([]);
  });

  test.each([
    ["null", null, /is null/],
    ["no os", { ...good, os: undefined }, /os is missing/],
    ["no architecture", { ...good, architecture: 1 }, /architecture is a number/],
    ["no rootfs", { ...good, rootfs: undefined }, /rootfs is missing/],
    ["another rootfs", { ...good, rootfs: { type: "layers+base" } }, /rootfs\.type is not "layers"/],
    ["a bad diffID", { ...good, rootfs: { type: "layers", diff_ids: ["sha256:x"] } }, /diff_ids\[0\] is not/],
    ["history that is no list", { ...good, history: {} }, /history is an object/],
    ["a step that is no object", { ...good, history: ["RUN"] }, /history\[0\] is a text/],
    ["empty_layer as text", { ...good, history: [{ empty_layer: "yes" }] }, /empty_layer is a text/],
  ])("with %s is refused", (_, value, names) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => read(value)).toThrow(names);
  });

  test("that is no JSON, or has a name twice, is refused as a config", () => {
    for (const text of ["", "{", '{"os":"linux","os":"windows"}']) {
      expect(() => parseConfig(Buffer.from(text))).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID" }),
      );
    }
  });
});
