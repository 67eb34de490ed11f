import { expect, test } from "vitest";
import { closestNames } from "./close-names.ts";

const held = ["torch-app:1", "torch-app:2", "debian:12", "registry.local:5000/team/app:3", "zebra:1"];

test.each([
  ["torch-ap:2", "torch-app:2"],
  ["torch-app", "torch-app:1 or torch-app:2"],
  ["debain:12", "debian:12"],
  ["app:3", "registry.local:5000/team/app:3"],
  ["something/else/entirely:9", "It holds 5 others: debian:12"],
])("%s is answered with %s", (wanted, says) => {
  expect(closestNames(wanted, held)).toContain(says);
});

test("an engine without images says so", () => {
  expect(closestNames("x:1", [])).toMatch(/no images/);
});
