import { array, assert, constantFrom, property } from "fast-check";
import { expect, test } from "vitest";
import { FileTree } from "./file-tree.ts";
import { file, folder, hardlink, makeView, symlink } from "./testing/layers.ts";

test("finds what a path leads to, through links and folders that no tar names", async () => {
  const tree = new FileTree(
    await makeView([
      folder("usr"),
      file("usr/lib/x/real.so"),
      symlink("lib", "usr/lib"),
      symlink("usr/lib/one", "../lib/x"),
      symlink("usr/lib/x/two", "/lib/one/real.so"),
      symlink("up", "../../usr"),
    ]),
  );
  expect(tree.find("/lib/one/two")?.path).toBe("usr/lib/x/real.so");
  expect(tree.find("lib/one/two", { lastLink: "keep" })?.path).toBe("usr/lib/x/two");
  expect(tree.find("/up/lib/../lib/./x//real.so")?.path).toBe("usr/lib/x/real.so");
  expect(tree.find("usr/lib/x/real.so/.")?.path).toBe("usr/lib/x/real.so");
  expect(tree.find("usr/lib/x")).toEqual({ path: "usr/lib/x", placed: undefined });
  expect(tree.find("/")?.path).toBe("");
  expect(tree.find("usr/lib/x/real.so/below")).toBeUndefined();
  expect(tree.find("nowhere/at/all")).toBeUndefined();
  expect(tree.names("lib").toSorted()).toEqual(["one", "x"]);
  expect(tree.names("").toSorted()).toEqual(["lib", "up", "usr"]);
});

test("links in a circle lead nowhere", async () => {
  const tree = new FileTree(await makeView([symlink("a", "b"), symlink("b", "a/c"), symlink("self", ".")]));
  expect(tree.find("a")).toBeUndefined();
  expect(tree.find("self/self/self")?.path).toBe("");
});

test("knows the text of a record, also by another name of it", async () => {
  const layer = [file("etc/passwd", "root:x:0:0::/root:/bin/sh\n"), symlink("users", "/etc/passwd")];
  const tree = new FileTree(await makeView(layer, [hardlink("etc/group", "etc/passwd")]));
  expect(tree.text("users")).toContain("root:");
  expect(tree.text("etc/group")).toContain("root:");
  expect(tree.text("etc")).toBeUndefined();
});

test("whatever links there are, what is found is no link and found again as itself", async () => {
  const name = constantFrom("a", "b", "c", "..", "a/b", "/c", "b/../c");
  const trees = await Promise.all(
    [
      [symlink("a", "b/c"), symlink("b", "/c"), folder("c"), symlink("c/b", ".."), symlink("c/c", "a")],
      [symlink("a/b", "../b"), symlink("b/a", "/a/b/c"), file("b/c/a"), symlink("c", "a/b/c")],
    ].map(async (members) => new FileTree(await makeView(members))),
  );
  assert(
    property(constantFrom(...trees), array(name, { maxLength: 6 }), (tree, names) => {
      const found = tree.find(names.join("/"));
      if (found === undefined) return;
      expect(found.placed?.entry.type).not.toBe("symlink");
      expect(tree.find(found.path)).toEqual(found);
    }),
  );
});
