import * as fc from "fast-check";
import { expect, test } from "vitest";
import { filesWithin } from "./context-files.ts";
import { isWithin } from "./mounts.ts";

const name = fc.constantFrom("a", "a-b", "a.b", "a0", "b", "ä", "A");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));

test("the files of a folder are those that a look at all of them finds", () => {
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 30 }), path, fc.boolean(), (paths, folder, slash) => {
      const files = paths.map((one) => ({ path: one, size: 1 }));
      const asked = slash ? `${folder}/` : folder;
      const found = filesWithin(files, asked).map((one) => one.path);
      expect(found.toSorted()).toEqual(paths.filter((one) => isWithin(one, asked)).toSorted());
    }),
  );
});

test.each([".", ""])("%j is the whole context", (whole) => {
  const files = [
    { path: "b", size: 1 },
    { path: "a/c", size: 1 },
  ];
  expect(filesWithin(files, whole)).toEqual(files);
});
