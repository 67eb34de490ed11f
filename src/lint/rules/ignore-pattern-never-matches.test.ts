import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { ignorePatternNeverMatches } from "./ignore-pattern-never-matches.ts";

test.each([".\n**/*\n", ".\n*\n", "**\n/\n"])("%j leaves everything out anyway", (text) => {
  expect(messagesOf(ignorePatternNeverMatches, text)).toEqual([]);
});

test.each([".\n", ".\n*.pyc\n", ".\n!*\n", "*\n../data\n"])("%j has a pattern without effect", (text) => {
  expect(messagesOf(ignorePatternNeverMatches, text)).toHaveLength(1);
});
