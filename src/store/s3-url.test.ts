import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import { parseS3Url } from "./s3-url.ts";

describe("the address of an S3 store", () => {
  it("names bucket, prefix, endpoint, region and style", () => {
    expect(
      parseS3Url("s3://images/team/a?endpoint=http://127.0.0.1:9000&region=eu-west-1&path-style=false", {}),
    ).toEqual({
      bucket: "images",
      prefix: "team/a/",
      endpoint: "http://127.0.0.1:9000",
      region: "eu-west-1",
      pathStyle: false,
    });
  });

  it("needs nothing but the bucket for Amazon's own service", () => {
    expect(parseS3Url("s3://images", {})).toEqual({
      bucket: "images",
      prefix: "",
      endpoint: undefined,
      region: undefined,
      pathStyle: false,
    });
  });

  it("takes what it does not say from the environment", () => {
    const env = { AWS_ENDPOINT_URL: "https://s3.example.org", AWS_DEFAULT_REGION: "here" };
    expect(parseS3Url("s3://images/", env)).toMatchObject({
      endpoint: "https://s3.example.org",
      region: "here",
      pathStyle: true,
    });
    expect(parseS3Url("s3://images/?endpoint=http://own", { ...env, AWS_REGION: "there" })).toMatchObject({
      endpoint: "http://own",
      region: "there",
    });
  });

  it.each([
    "https://images",
    "s3://",
    "s3:///prefix",
    "s3://key:secret@images",
    "s3://images:9000",
    "s3://images/?endpiont=http://x",
    "s3://images/?endpoint=127.0.0.1:9000",
    "s3://images/?endpoint=file:///etc/passwd",
    "s3://images/?endpoint=http://key:secret@host",
    "s3://images/?path-style=yes",
    "s3://images/a%0Ab",
    "s3://images/a b",
    "s3://ima%00ges",
    "",
  ])("%j is refused as wrong usage, without its credentials in the sentence", (text) => {
    const error = caught(() => parseS3Url(text, {}));
    expect(error).toMatchObject({ code: "STORE_URL_INVALID", exitStatus: 2 });
    expect(String(error)).not.toContain("secret");
  });

  it("is read or refused with a sentence, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (rest) => {
        const error = caught(() => parseS3Url(`s3://${rest}`, {}));
        expect(error === undefined || isDdiffError(error, "STORE_URL_INVALID")).toBe(true);
      }),
    );
  });
});

function caught(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
