import { assert, constantFrom, nat, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { globMatches } from "./globs.ts";
import { isImmutable, type Rules, rulesAllow, rulesAllowAny } from "./rules.ts";

test.each([
  ["*", "a/b/c", true],
  ["**", "a/b/c", true],
  ["team-a/**", "team-a/x/y", true],
  ["team-a/**", "team-a", true],
  ["team-a/**", "team-ab/x", false],
  ["team-a/*", "team-a/x", true],
  ["team-a/*", "team-a/x/y", false],
  ["team-?/x", "team-b/x", true],
  ["team-?/x", "team-/x", false],
  ["a?b", "a/b", false],
  ["**/cache", "a/b/cache", true],
  ["**/cache", "cache", false],
  ["a.b", "axb", false],
  ["[ab]", "a", false],
  ["a+", "aa", false],
  ["", "", true],
  ["", "a", false],
  ["app", "app2", false],
  ["app", "myapp", false],
])("the pattern %j and the name %j: %j", (pattern, name, expected) => {
  expect(globMatches(pattern, name)).toBe(expected);
});

test("a name matches itself and every pattern made of it by putting ** for a part", () => {
  const names = string({ unit: constantFrom("a", "b", "/", "-", "."), minLength: 1, maxLength: 30 });
  assert(
    property(names, nat(), nat(), (name, from, to) => {
      const [start, end] = [from % (name.length + 1), to % (name.length + 1)].sort((a, b) => a - b);
      expect(globMatches(name, name)).toBe(true);
      expect(globMatches(`${name.slice(0, start)}**${name.slice(end)}`, name)).toBe(true);
      expect(globMatches(`${name}x`, name)).toBe(false);
    }),
  );
});

test("a pattern full of stars does not take long", () => {
  const start = performance.now();
  expect(globMatches(`${"**a".repeat(80)}b`, "a".repeat(255))).toBe(false);
  expect(performance.now() - start).toBeLessThan(500);
});

const rules: Rules = {
  rules: [
    { repositories: ["team-a/**"], users: [], groups: ["a"], anonymous: false, actions: ["pull", "push"] },
    { repositories: ["public/*"], users: [], groups: [], anonymous: true, actions: ["pull"] },
    {
      repositories: ["*"],
      users: ["root"],
      groups: [],
      anonymous: false,
      actions: ["pull", "push", "delete"],
    },
    { repositories: ["shared"], users: ["*"], groups: [], anonymous: false, actions: ["pull"] },
  ],
  groups: { a: ["ann", "bob"] },
  immutable: [{ repositories: ["team-a/**"], tags: ["v*"] }],
};

describe("who may do what", () => {
  test.each([
    ["ann", "push", "team-a/x", true],
    ["ann", "delete", "team-a/x", false],
    ["ann", "push", "team-b/x", false],
    ["carl", "pull", "team-a/x", false],
    ["carl", "pull", "shared", true],
    ["carl", "push", "shared", false],
    [undefined, "pull", "shared", false],
    [undefined, "pull", "public/x", true],
    [undefined, "push", "public/x", false],
    [undefined, "pull", "public/x/y", false],
    ["root", "delete", "team-a/x", true],
    // Names that are no users but could be found where users are looked up.
    ["a", "pull", "team-a/x", false],
    ["*", "push", "team-a/x", false],
    ["toString", "push", "team-a/x", false],
  ] as const)("%s %s %s: %s", (user, action, repository, expected) => {
    expect(rulesAllow(rules, user, action, repository)).toBe(expected);
  });

  test("a group without members gives nothing", () => {
    const odd: Rules = { ...rules, rules: [{ ...rules.rules[0]!, groups: ["constructor", "b"] }] };
    expect(rulesAllow(odd, "ann", "pull", "team-a/x")).toBe(false);
    expect(rulesAllowAny(odd, "ann")).toBe(false);
  });
});

test("tags that are to stay are those that both patterns name", () => {
  expect(isImmutable(rules, "team-a/x", "v1")).toBe(true);
  expect(isImmutable(rules, "team-a/x", "latest")).toBe(false);
  expect(isImmutable(rules, "team-b/x", "v1")).toBe(false);
});
