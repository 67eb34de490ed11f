import { assert, asyncProperty, array, constantFrom, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { file, folder, hardlink, makeView, symlink } from "./testing/layers.ts";

describe("stacked layers show what a container sees", () => {
  it("hides what a whiteout removes, with all that is below it", async () => {
    const view = await makeView(
      [folder("a"), file("a/one", "1"), file("a/two", "22"), file("b", "3")],
      [file(".wh.a"), file("c", "4")],
    );
    expect([...view.visible.keys()]).toEqual(["b", "c"]);
    expect(view.hidden.map(({ entry, how, by }) => [entry.path, how, by])).toEqual([
      ["a/one", "removed", 1],
      ["a/two", "removed", 1],
    ]);
  });

  it("lets an opaque whiteout hide lower layers only, wherever it stands in its tar", async () => {
    const view = await makeView(
      [folder("d"), file("d/old", "1")],
      [file("d/new", "2"), folder("d"), file("d/.wh..wh..opq")],
    );
    expect([...view.visible.keys()].sort()).toEqual(["d", "d/new"]);
    expect(view.hidden.map(({ entry }) => entry.path)).toEqual(["d/old"]);
  });

  it("tells a copy with another owner from another content", async () => {
    const view = await makeView(
      [file("same", "x".repeat(1000)), file("other", "1")],
      [file("same", "x".repeat(1000), { uid: 1000 }), file("other", "2")],
    );
    expect(view.hidden.map(({ entry, how }) => [entry.path, how])).toEqual([
      ["same", "copied"],
      ["other", "overwritten"],
    ]);
    expect(view.visible.get("same")?.layer).toBe(1);
  });

  it("follows a folder that is a symbolic link, as engines do", async () => {
    const view = await makeView(
      [folder("usr"), folder("usr/lib"), symlink("lib", "usr/lib"), file("usr/lib/libc.so", "1")],
      [file("lib/libc.so", "22")],
    );
    expect(view.visible.get("usr/lib/libc.so")?.layer).toBe(1);
    expect(view.visible.get("lib")?.entry.type).toBe("symlink");
    expect(view.hidden.map(({ entry }) => entry.path)).toEqual(["usr/lib/libc.so"]);
  });

  it("removes nothing through a link that the same layer makes a folder of", async () => {
    const view = await makeView(
      [folder("usr"), file("usr/kept", "1"), symlink("lib", "usr")],
      [folder("lib"), file("lib/.wh.kept")],
    );
    expect([...view.visible.keys()].sort()).toEqual(["lib", "usr", "usr/kept"]);
  });

  it("finds the content of hard links, also in a lower layer", async () => {
    const view = await makeView([file("a", "123"), hardlink("b", "a")], [hardlink("c", "./b")]);
    expect(view.visible.get("b")?.content.size).toBe(3);
    expect(view.visible.get("c")?.content.path).toBe("a");
  });

  it("replaces a folder by a file and a file by a folder", async () => {
    const view = await makeView(
      [folder("x"), file("x/in", "1"), file("y", "2")],
      [file("x", "3"), file("y/in", "4")],
    );
    expect([...view.visible.keys()].sort()).toEqual(["x", "y/in"]);
    expect(view.hidden.map(({ entry }) => entry.path).sort()).toEqual(["x/in", "y"]);
  });

  it("leaves out names that lead out of the image, and ends on circles of links", async () => {
    const view = await makeView([
      file("../evil", "1"),
      symlink("a", "b"),
      symlink("b", "a"),
      file("a/in", "2"),
      symlink("up", "../../.."),
      file("up/in", "3"),
    ]);
    expect([...view.visible.keys()].every((path) => !path.includes(".."))).toBe(true);
    expect(view.visible.has("in")).toBe(true);
  });

  it("counts every file once: seen, or hidden", async () => {
    const path = constantFrom("a", "b", "a/b", "a/b/c", "d/e", ".wh.a", "a/.wh.b", "a/.wh..wh..opq", "l/x");
    const member = record({
      path,
      content: constantFrom("1", "22", "333"),
      kind: constantFrom("0", "2", "5"),
    });
    await assert(
      asyncProperty(array(array(member, { maxLength: 6 }), { maxLength: 4 }), async (layers) => {
        const view = await makeView(
          ...layers.map((layer) =>
            layer.map(({ path: name, content, kind }) =>
              kind === "0" || name.includes(".wh.")
                ? file(name, content)
                : kind === "2"
                  ? symlink(name, "a")
                  : folder(name),
            ),
          ),
        );
        const seen = [...view.visible.values()].map(({ entry }) => entry);
        const gone = view.hidden.map(({ entry }) => entry);
        expect(new Set([...seen, ...gone]).size).toBe(seen.length + gone.length);
        for (const { layer, by } of view.hidden) expect(by).toBeGreaterThan(layer);
      }),
    );
  });

  it("leaves out what lies deeper than any program could reach, however it got there", async () => {
    const deep = "a/".repeat(2000);
    const view = await makeView([
      file(`${"b/".repeat(30_000)}x`),
      file(`${deep}x`),
      symlink("one", deep),
      file(`one/${deep}x`),
    ]);
    expect([...view.visible.keys()]).toEqual([`${deep}x`, "one"]);
  });
});
