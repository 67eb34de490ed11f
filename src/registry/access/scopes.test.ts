import { array, assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { parseScopes, scopeFor } from "./scopes.ts";

test.each([
  [["repository:a/b:pull,push"], [["a/b", "pull,push"]]],
  [
    ["repository:a:push,pull repository:b:delete"],
    [
      ["a", "pull,push"],
      ["b", "delete"],
    ],
  ],
  [["repository:a:pull", "repository:a:delete"], [["a", "pull,delete"]]],
  [["repository:a:*"], [["a", "pull,push,delete"]]],
  [["registry:catalog:*"], [["catalog", "*"]]],
  [["registry:catalog:pull", "registry:other:*"], []],
  [
    ["repository:../etc:pull", "repository:A:pull", "repository::pull", `repository:${"a".repeat(256)}:pull`],
    [],
  ],
  [
    ["repository(plugin):a:pull", "repository:a:fly", ":::", "", "repository:a", "repository:a:b:pull"],
    [["a", ""]],
  ],
])("%j", (values, expected) => {
  expect(parseScopes(values).map((grant) => [grant.name, grant.actions.join()])).toEqual(expected);
});

test("any text is read without harm, and what is answered to a challenge is what it asked for", () => {
  assert(
    property(array(string()), (values) => {
      for (const grant of parseScopes(values)) expect(grant.name).not.toMatch(/["\\\s]/);
    }),
  );
  for (const action of ["pull", "push", "delete", "list"] as const) {
    const [grant] = parseScopes([scopeFor(action, "a/b") ?? ""]);
    expect(grant?.actions).toContain(action === "list" ? "*" : action);
  }
  expect(scopeFor("pull", 'a",error="x')).toBeUndefined();
});
