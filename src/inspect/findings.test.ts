import { array, assert, asyncProperty, constantFrom, oneof, record } from "fast-check";
import { describe, expect, it } from "vitest";
import type { TarSpec } from "../delta/testing/tars.ts";
import type { FileReport, Package, WasteFinding } from "./analysis.ts";
import { classifier } from "./classes.ts";
import { findCopies } from "./copies.ts";
import { findWaste } from "./findings.ts";
import { factsOf } from "./image-facts.ts";
import type { ImageView } from "./image-view.ts";
import type { InventoryEntry, LayerInventory } from "./inventory.ts";
import { stackLayers } from "./stack.ts";
import { file, folder, hardlink, makeView, symlink } from "./testing/layers.ts";

const mega = 1 << 20;
const big = (letter: string, size = 2 * mega): string => letter.repeat(size);

function filesOf(view: ImageView, owners: Record<string, Package> = {}): FileReport[] {
  const classOf = classifier(factsOf(view, undefined));
  return [...view.visible].map(([path, placed]) => {
    const owner = Object.entries(owners).find(([prefix]) => path.startsWith(prefix))?.[1];
    return { path, placed, package: owner, class: classOf(path, placed, owner), bytes: placed.content.size };
  });
}

function wasteOf(view: ImageView, owners: Record<string, Package> = {}): WasteFinding[] {
  const files = filesOf(view, owners);
  return findWaste(view, files, findCopies(files), classifier(factsOf(view, undefined)));
}

/** Kind, name, layer, the layer that makes it waste, bytes, risk. */
const told = (found: readonly WasteFinding[]) =>
  found.map(({ kind, name, layer, by, bytes, risk }) => [kind, name, layer, by, bytes, risk].join(" "));

const waste = async (...layers: (readonly TarSpec[])[]) => told(wasteOf(await makeView(...layers)));

describe("what later layers hide", () => {
  it("is one finding for each step that brings it and step that hides it", async () => {
    expect(
      await waste(
        [
          file("a/one", "1".repeat(100)),
          file("a/two", "2".repeat(50)),
          file("b", "3".repeat(7)),
          file("c", "44"),
        ],
        [file("a/three", "5".repeat(30))],
        [file(".wh.a")],
        [file("b", "6".repeat(9)), file("c", "44", { uid: 1000 })],
      ),
    ).toEqual([
      "removed-later /a 0 2 150 safe",
      "removed-later /a/three 1 2 30 safe",
      "overwritten /b 0 3 7 safe",
      "copied /c 0 3 2 safe",
    ]);
  });

  it("is no waste while another name of it is visible", async () => {
    expect(
      await waste(
        [
          file("pkgs/lib.so", big("x")),
          hardlink("env/lib.so", "pkgs/lib.so"),
          file("pkgs/a.conda", "x".repeat(10)),
        ],
        [file(".wh.pkgs")],
      ),
    ).toEqual(["removed-later /pkgs/a.conda 0 1 10 safe"]);
    expect(
      await waste(
        [file("a", big("x")), hardlink("b", "a"), hardlink("c", "b")],
        [file(".wh.a"), file("b", "new")],
      ),
    ).toEqual([]);
  });

  it("is counted once, for the step that takes its last name", async () => {
    expect(
      await waste([file("a", big("x")), hardlink("b", "a")], [file(".wh.a")], [file("b", "other")]),
    ).toEqual([`overwritten /a 0 2 ${2 * mega} safe`]);
  });

  it("is also what one tar holds twice", async () => {
    expect(await waste([file("a", "first"), file("b", "other"), file("a", "last one")])).toEqual([
      "overwritten /a 0 0 5 safe",
    ]);
  });

  it("tells how the files would not have come in at all, where most of them are of one class", async () => {
    const [found] = wasteOf(
      await makeView([file("var/lib/apt/lists/x", "x".repeat(99))], [file("var/lib/apt/.wh.lists")]),
    );
    expect(found?.edit).toContain("rm -rf /var/lib/apt/lists/*");
  });
});

describe("what could go by its class", () => {
  it("is one finding for each class and layer, with the class's risk", async () => {
    expect(
      await waste(
        [file("root/.cache/pip/a", "1234"), file("root/.cache/pip/b", "12"), file("app/x.py", "code")],
        [file("root/.cache/pip/c", "123"), file("app/__pycache__/x.cpython-311.pyc", "byte code")],
      ),
    ).toEqual(
      ["class bytecode 1 9 check", "class pip-cache 0 6 safe", "class pip-cache 1 3 safe"].map(spaced),
    );
  });

  it("leaves out what has another name outside of the class", async () => {
    expect(
      await waste([
        file("opt/conda/conda-meta/history", ""),
        file("opt/conda/pkgs/numpy/a.so", "shared with the environment"),
        hardlink("opt/conda/lib/a.so", "opt/conda/pkgs/numpy/a.so"),
        file("opt/conda/pkgs/numpy.conda", "archive"),
      ]),
    ).toEqual([spaced("class conda-cache 0 7 safe")]);
  });

  it("has the greater risk where names are of two classes", async () => {
    expect(
      await waste([file("tmp/model.gguf", big("w")), hardlink("app/model.gguf", "tmp/model.gguf")]),
    ).toEqual([spaced(`class model-weights 0 ${2 * mega} risky`)]);
  });
});

/** `by` is empty for what no later step makes waste. */
function spaced(line: string): string {
  return line.replace(/^(\S+ \S+ \d+) /, "$1  ");
}

describe("equal contents", () => {
  it("are found as trees, whatever the folders above are called", async () => {
    const found = wasteOf(
      await makeView(
        [
          file("usr/lib/numpy/core/a.so", big("a")),
          file("usr/lib/numpy/b.py", big("b", 10)),
          file("x/b.py", big("b", 10)),
        ],
        [file("app/numpy/core/a.so", big("a")), file("app/numpy/b.py", big("b", 10))],
      ),
    );
    expect(told(found)).toEqual([spaced(`duplicate /app/numpy/core/a.so 1 ${2 * mega + 10} risky`)]);
    expect(found[0]?.files).toBe(2);
    expect(found[0]?.title).toContain("/usr/lib/numpy");
  });

  it("could become links in one layer with the same owner, mode and time, and hard links are none", async () => {
    const one = [file("data/one", big("d")), hardlink("data/three", "data/one")];
    expect(await waste([...one, file("data/two", big("d"))])).toEqual([
      spaced(`duplicate /data/two 0 ${2 * mega} check`),
    ]);
    expect(await waste([...one, file("data/two", big("d"), { uid: 5 })])).toEqual([
      spaced(`duplicate /data/two 0 ${2 * mega} risky`),
    ]);
    expect(await waste(one, [file("data/two", big("d"))])).toEqual([
      spaced(`duplicate /data/two 1 ${2 * mega} risky`),
    ]);
  });

  it("are not listed below a threshold, and empty files are not equal", async () => {
    expect(
      await waste([file("a/__init__.py", "x"), file("b/__init__.py", "x"), file("c", ""), file("d", "")]),
    ).toEqual([]);
  });
});

const owned = (manager: Package["manager"], name: string, home: string): Package => ({
  manager,
  name,
  version: "1",
  home,
});

describe("what is installed twice", () => {
  it("is a second environment: the one with fewer bytes, less what it shares by hard links", async () => {
    const view = await makeView(
      [
        file("opt/conda/lib/torch/a.so", big("a", 4 * mega)),
        file("opt/conda/lib/other/b.so", big("b", 4 * mega)),
        file("opt/conda/lib/numpy/n.so", big("n")),
        hardlink("opt/venv/numpy/n.so", "opt/conda/lib/numpy/n.so"),
      ],
      [file("opt/venv/torch/a.so", big("A", 3 * mega)), file("opt/venv/only/c.so", big("c", 8 * mega))],
    );
    const found = wasteOf(view, {
      "opt/conda/lib/torch": owned("conda", "pytorch", "opt/conda"),
      "opt/conda/lib/numpy": owned("conda", "numpy", "opt/conda"),
      "opt/conda/lib/other": owned("conda", "other", "opt/conda"),
      "opt/venv/torch": owned("pip", "Torch", "opt/venv"),
      "opt/venv/numpy": owned("pip", "numpy", "opt/venv"),
      "opt/venv/only": owned("uv", "only", "opt/venv"),
    });
    expect(told(found)).toEqual([spaced(`second-environment /opt/venv 1 ${3 * mega} risky`)]);
    expect(found[0]?.title).toContain("torch");
  });
});

describe("findings", () => {
  it("leave a container's view as it is when what is hidden is taken out, and count each content once", async () => {
    const paths = constantFrom("a", "b", "d/a", "d/b", "d/e/c", "tmp/x", "root/.cache/pip/x");
    const content = constantFrom("", "1", "22", "333", "4444");
    const member = oneof(
      {
        weight: 4,
        arbitrary: record({ path: paths, content, uid: constantFrom(0, 1) }).map(({ path, content, uid }) =>
          file(path, content, { uid }),
        ),
      },
      record({ path: paths, link: paths }).map(({ path, link }) => hardlink(path, link)),
      record({ path: paths, link: paths }).map(({ path, link }) => symlink(path, link)),
      paths.map((path) => file(path.replace(/[^/]+$/, ".wh.$&"))),
      constantFrom(folder("d"), file(".wh.d"), file("d/.wh..wh..opq")),
    );
    await assert(
      asyncProperty(array(array(member, { maxLength: 8 }), { maxLength: 4 }), async (members) => {
        const view = await makeView(...members);
        const found = wasteOf(view);
        const contents = found.flatMap(({ entries }) => [...new Set(entries.map((entry) => entry.content))]);
        expect(new Set(contents).size).toBe(contents.length);
        for (const { entries, bytes } of found)
          expect(
            [...new Set(entries.map((one) => one.content))].reduce((sum, { size }) => sum + size, 0),
          ).toBe(bytes);

        const gone = new Set(
          found
            .filter(({ kind }) => kind !== "class")
            .flatMap(({ entries }) => entries.map(({ entry }) => entry)),
        );
        const less = stackLayers(view.layers.map((layer) => without(layer, gone)));
        expect(contentsOf(less)).toEqual(contentsOf(view));
      }),
    );
  });
});

function without(layer: LayerInventory, gone: ReadonlySet<InventoryEntry>): LayerInventory {
  return { ...layer, entries: layer.entries.filter((entry) => !gone.has(entry)) };
}

/** What a container reads; nothing is asked of links to nowhere. */
function contentsOf({ visible }: ImageView): Record<string, string> {
  return Object.fromEntries(
    [...visible].map(([path, { entry, content }]) => [
      path,
      `${entry.type === "hardlink" ? "file" : entry.type} ${content.hash}`,
    ]),
  );
}
