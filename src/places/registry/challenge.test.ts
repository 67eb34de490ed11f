import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseChallenges } from "./challenge.ts";

it.each([
  ['Basic realm="x"', [["basic", { realm: "x" }]]],
  [
    'Bearer realm="https://a/token",service="a, b",scope="repository:x:pull,push"',
    [["bearer", { realm: "https://a/token", service: "a, b", scope: "repository:x:pull,push" }]],
  ],
  [
    'Negotiate, Basic realm="x" , Bearer Realm = "y"',
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
      ["bearer", { realm: "y" }],
    ],
  ],
  [
    String.raw`Basic realm="a \"quoted\" word", charset=UTF-8`,
    [["basic", { realm: 'a "quoted" word', charset: "UTF-8" }]],
  ],
  ['realm="nobody"', []],
  ['Bearer realm="unfinished', [["bearer", {}]]],
  ["", []],
])("reads %s", (text, expected) => {
  const found = parseChallenges(text).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
  expect(found).toEqual(expected);
});

const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

it("gives back every value that was quoted as the standard says", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const value = fc.string({ maxLength: 50 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 5 }),
      (pairs) => {
        const text = `Bearer ${pairs.map(([key, text]) => `${key}=${quote(text)}`).join(",")}`;
        expect([...(parseChallenges(text)[0]?.parameters ?? [])]).toEqual(pairs);
      },
    ),
  );
});

it("ends on any text", () => {
  fc.assert(fc.property(fc.string({ maxLength: 500 }), (text) => Array.isArray(parseChallenges(text))));
});
