import { describe, expect, test } from "vitest";
import { parseDescriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { mediaTypes } from "./media-types.ts";

const content = Buffer.from("{}");
const good = { mediaType: mediaTypes.ociEmpty, digest: digestOf(content), size: 2 };

describe("a descriptor", () => {
  test.each([
    ["bare", good],
    ["with sha512", { ...good, digest: digestOf(content, "sha512") }],
    ["of size 0", { ...good, size: 0 }],
    ["of 8 PiB", { ...good, size: Number.MAX_SAFE_INTEGER }],
    ["with its content", { ...good, data: "e30=" }],
    ["with its content, by sha512", { ...good, digest: digestOf(content, "sha512"), data: "e30=" }],
    ["with annotations", { ...good, annotations: { "": "", a: "ä" } }],
    ["with urls", { ...good, urls: ["https://example.com/a"] }],
    [
      "with a platform",
      {
        ...good,
        platform: { os: "windows", architecture: "amd64", "os.version": "10.0", "os.features": ["win32k"] },
      },
    ],
    ["of an artifact", { ...good, artifactType: "application/vnd.example" }],
    ["with a parameter in its type", { ...good, mediaType: "application/vnd.a+json; charset=utf-8" }],
  ])("%s is read as it is", (_, value) => {
    expect(parseDescriptor(value, "it")).toEqual(value);
  });

  test("loses members that nobody knows and those that are null", () => {
    const value = { ...good, annotations: null, urls: null, platform: null, x: { y: 1 } };
    expect(parseDescriptor(value, "it")).toStrictEqual(good);
  });

  test("keeps an annotation named __proto__ as text", () => {
    const value: unknown = JSON.parse(`{"annotations":{"__proto__":"x"},${JSON.stringify(good).slice(1)}`);
    const { annotations } = parseDescriptor(value, "it");
    expect(Object.entries(annotations ?? {})).toEqual([["__proto__", "x"]]);
  });

  test.each([
    ["null", null, /^it is null/],
    ["a list", [good], /^it is a list/],
    ["a text", "x", /^it is a text/],
    ["no size", { ...good, size: undefined }, /size is missing/],
    ["a size as text", { ...good, size: "2" }, /size is a text/],
    ["a negative size", { ...good, size: -1 }, /size is negative/],
    ["half a byte", { ...good, size: 1.5 }, /size is not a whole number/],
    ["2^63", { ...good, size: 2 ** 63 }, /size is not a whole number/],
    ["1e400", { ...good, size: Number.POSITIVE_INFINITY }, /size is not a whole number/],
    ["no digest", { mediaType: good.mediaType, size: 2 }, /digest is missing/],
    ["a short digest", { ...good, digest: "sha256:abc" }, /digest is not/],
    ["an upper-case digest", { ...good, digest: good.digest.toUpperCase() }, /digest is not/],
    ["a digest that climbs", { ...good, digest: `sha256:../../${"a".repeat(58)}` }, /digest is not/],
    ["a digest and a line end", { ...good, digest: `${good.digest}\n` }, /digest is not/],
    ["md5", { ...good, digest: `md5:${"a".repeat(32)}` }, /digest is not/],
    ["no media type", { digest: good.digest, size: 2 }, /mediaType is missing/],
    ["an empty media type", { ...good, mediaType: "" }, /mediaType is no media type/],
    ["a media type of two lines", { ...good, mediaType: "a/b\r\nX: y" }, /mediaType is no media type/],
    ["urls that are none", { ...good, urls: [1] }, /urls\[0\] is a number/],
    ["an annotation that is no text", { ...good, annotations: { a: 1 } }, /annotations\.a is a number/],
    ["annotations as a list", { ...good, annotations: ["a"] }, /annotations is a list/],
    [
      "a platform without architecture",
      { ...good, platform: { os: "linux" } },
      /platform\.architecture is missing/,
    ],
    ["data that is no base64", { ...good, data: "e30" }, /data is not base64/],
    ["data of another length", { ...good, data: "e30g" }, /data has 3 bytes/],
    ["data that is something else", { ...good, data: "W10=" }, /data is not the content/],
  ])("with %s is refused", (_, value, names) => {
    expect(() => parseDescriptor(value, "it")).toThrow(
      expect.objectContaining({ code: "DESCRIPTOR_INVALID" }),
    );
    expect(() => parseDescriptor(value, "it")).toThrow(names);
  });
});
