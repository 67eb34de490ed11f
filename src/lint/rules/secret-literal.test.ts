import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { secretLiteral } from "./secret-literal.ts";

/** Put together here, so that no scanner takes this file for a leak. */
const made = (...parts: string[]): string => parts.join("");

describe("tokens written in a Dockerfile", () => {
  it.each([
    ["Hugging Face", made("hf_", "QwErTyUiOpAsDfGhJkLzXcVbNmQaZwSxEd")],
    ["GitHub", made("ghp_", "k3J9xQ2mZ7vB5nL8wR1tY6uP4sD0fG3hJ7kA")],
    ["AWS", made("AKIA", "Q7ZKJ5XWN3VR2TLM")],
    ["GitLab", made("glpat-", "k3J9xQ2mZ7vB5nL8wR1t")],
    ["npm", made("npm_", "k3J9xQ2mZ7vB5nL8wR1tY6uP4sD0fG3hJ7kA")],
  ])("finds that of %s without repeating it", (_, token) => {
    const [message, ...more] = messagesOf(secretLiteral, `FROM debian:12\nENV X=${token}\n`);
    expect(more).toEqual([]);
    expect(message).toContain("stands in the file");
    expect(message).not.toContain(token);
  });

  it.each([
    ["the example of a manual", made("AKIA", "IOSFODNN7EXAMPLE")],
    ["a mask", made("hf_", "x".repeat(34))],
    ["a place to fill", made("ghp_", "your", "Token".repeat(7))],
    ["a digest", "sha256:d67a7b66b989ad6b6d6b10d428dcc5e0bfc3e5f88906e67d490c4d3daac57047"],
    ["a variable", "$HF_TOKEN"],
  ])("is silent about %s", (_, text) => {
    expect(messagesOf(secretLiteral, `FROM debian:12\nENV X=${text}\n`)).toEqual([]);
  });

  it("finds those of two services", () => {
    const text = `FROM debian:12\nENV A=${made("AKIA", "Q7ZKJ5XWN3VR2TLM")}\nENV B=${made("hf_", "QwErTyUiOpAsDfGhJkLzXcVbNmQaZwSxEd")}\n`;
    expect(messagesOf(secretLiteral, text)).toHaveLength(2);
  });
});
