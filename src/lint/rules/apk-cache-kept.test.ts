import { expect, test } from "vitest";
import { fixText } from "../fix.ts";
import { checkWith } from "../testing/check.ts";
import { apkCacheKept } from "./apk-cache-kept.ts";

const check = (text: string) => checkWith(apkCacheKept, text);

test.each([
  ["apk update && apk add git", "apk add --no-cache git"],
  ["apk update \\\n    && apk add git", "apk add --no-cache git"],
  ["apk add --update git", "apk add --no-cache --update git"],
  // What is left of the index by others cannot be mended by one option.
  ["apk update && apk upgrade && apk add git", undefined],
  ["apk update; apk add git", undefined],
])("%j becomes %j", (before, after) => {
  const text = `FROM alpine:3.22\nRUN ${before}\n`;
  expect(check(text).findings).toHaveLength(1);
  const fixed = fixText(text, check, false).text;
  expect(fixed).toBe(after === undefined ? text : `FROM alpine:3.22\nRUN ${after}\n`);
});
