import { expect, test } from "vitest";
import { fixText } from "../fix.ts";
import { checkWith, messagesOf } from "../testing/check.ts";
import { swallowedFailure } from "./swallowed-failure.ts";

const check = (text: string) => checkWith(swallowedFailure, text);

test.each([
  "make && strip x || true",
  "make && strip x || :",
  "cd /src && make && rm -r /src 2>/dev/null || true",
  "set -ex && apt-get update && apt-get install -y x || true && rm -rf /tmp/*",
])("%s hides more than it says", (script) => {
  expect(messagesOf(swallowedFailure, `FROM debian:12\nRUN ${script}\n`)).toHaveLength(1);
});

test.each([
  "rm -r /src || true",
  "make && { strip x || true; }",
  "make && (strip x || true) && rm -rf /src",
  "make || strip x || true",
  "[ -f x ] && rm x || true",
  "test -d /opt/x && rm -r /opt/x || true",
  "grep -q a /etc/passwd && userdel a || true",
  "command -v npm && npm ci || true",
  "make && strip x || exit 1",
  "make; strip x || true",
])("%s says what it means", (script) => {
  expect(messagesOf(swallowedFailure, `FROM debian:12\nRUN ${script}\n`)).toEqual([]);
});

test.each([
  ["make && rm a || true && rm b || true && rm c", "make && { rm a || true; } && { rm b || true; } && rm c"],
  [
    "make && rm a || true && [ -f b ] && rm b || true",
    "make && { rm a || true; } && { [ -f b ] && rm b || true; }",
  ],
])("every excuse of %s is kept to its own", (before, after) => {
  expect(fixText(`FROM debian:12\nRUN ${before}\n`, check, true).text).toBe(`FROM debian:12\nRUN ${after}\n`);
});

test.each([
  ["chmod +x a && rm b && rm c || true", "chmod too, not only of rm"],
  ["rm b && rm c || true", "another rm too, not only of rm"],
])("names what else can fail: %s", (script, said) => {
  expect(messagesOf(swallowedFailure, `FROM debian:12\nRUN ${script}\n`)).toEqual([
    `\`|| true\` hides failures of ${said}`,
  ]);
});
