import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { composeOptionalVariable } from "./compose-optional-variable.ts";

const service = (...variables: string[]) =>
  `services:\n  train:\n    image: lab/train:1\n    environment:\n${variables.map((one) => `      - ${one}=\${${one}}\n`).join("")}`;

test.each([[["HF_TOKEN"]], [["HF_TOKEN", "http_proxy", "https_proxy", "no_proxy"]]])(
  "%j warns for the token",
  (variables) => {
    expect(messagesOf(composeOptionalVariable, service(...variables))).toEqual([
      "each command warns where HF_TOKEN is not set",
    ]);
  },
);

test("a file that a script feeds has the token of it as well", () => {
  const text = service("HF_TOKEN", "http_proxy", "https_proxy", "no_proxy", "INDEX_NAME");
  expect(messagesOf(composeOptionalVariable, text)).toEqual([]);
});
