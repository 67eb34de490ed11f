import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { file, folder, hardlink, symlink } from "../testing/layers.ts";
import { ownersIn } from "../testing/owners.ts";
import { homeOfSite, namedBy } from "./python-site.ts";
import { readRecord } from "./record.ts";

const site = "opt/venv/lib/python3.12/site-packages";
const sha256 = (content: string): string =>
  `sha256=${createHash("sha256").update(content).digest("base64url")}`;

const quoted = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A package as pip leaves it, with its RECORD. */
function dist(
  name: string,
  version: string,
  record: readonly string[],
  more: Record<string, string> = {},
  at = site,
) {
  const info = `${at}/${name}-${version}.dist-info`;
  return [
    file(
      `${info}/METADATA`,
      `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\nVersion: of the text\n`,
    ),
    file(`${info}/INSTALLER`, more["INSTALLER"] ?? "pip\n"),
    ...(record.length === 0 ? [] : [file(`${info}/RECORD`, record.join("\n"))]),
    ...Object.entries(more)
      .filter(([key]) => key !== "INSTALLER")
      .map(([key, text]) => file(`${info}/${key}`, text)),
  ];
}

test("RECORD names modules, scripts elsewhere, names with commas; byte code follows its source", async () => {
  const owners = await ownersIn([
    file(`${site}/numpy/__init__.py`, "n"),
    file(`${site}/numpy/__pycache__/__init__.cpython-312.pyc`, "c"),
    file(`${site}/numpy/__pycache__/made_later.cpython-312.pyc`, "c"),
    file(`${site}/numpy/made_later.py`, "later"),
    file(`${site}/numpy/of-nobody.bin`, "x"),
    file(`${site}/numpy/a "b",c.txt`, "x"),
    file("opt/venv/bin/f2py", "s"),
    file("usr/share/absolute", "s"),
    ...dist("numpy", "2.1.0", [
      "../../../bin/f2py,sha256=x,1",
      "numpy/__init__.py,sha256=x,1",
      "numpy/__pycache__/__init__.cpython-312.pyc,,",
      'numpy/"unquoted,sha256=x,1',
      '"numpy/a ""b"",c.txt",sha256=x,1',
      "numpy/made_later.py\r",
      "/usr/share/absolute,,",
    ]),
  ]);
  const numpy = "pip numpy 2.1.0 in opt/venv";
  expect(owners[`${site}/numpy/__init__.py`]).toBe(numpy);
  expect(owners["opt/venv/bin/f2py"]).toBe(numpy);
  expect(owners["usr/share/absolute"]).toBe(numpy);
  expect(owners[`${site}/numpy/a "b",c.txt`]).toBe(numpy);
  expect(owners[`${site}/numpy/__pycache__/__init__.cpython-312.pyc`]).toBe(numpy);
  expect(owners[`${site}/numpy/__pycache__/made_later.cpython-312.pyc`]).toBe(numpy);
  expect(owners[`${site}/numpy-2.1.0.dist-info/METADATA`]).toBe(numpy);
  expect(owners[`${site}/numpy/of-nobody.bin`]).toBeUndefined();
});

test("environments are told apart, and uv from pip", async () => {
  const other = "srv/.venv/lib/python3.11/site-packages";
  const target = "var/task";
  const owners = await ownersIn([
    ...[site, other, target, "usr/lib/python3/dist-packages"].map((at) => file(`${at}/six.py`, at)),
    ...dist("six", "1.0", ["six.py,,"]),
    ...dist("six", "2.0", ["six.py,,"], { INSTALLER: "uv" }, other),
    ...dist("six", "3.0", ["six.py,,"], {}, target),
    ...dist("six", "4.0", ["six.py,,"], {}, "usr/lib/python3/dist-packages"),
  ]);
  expect(owners[`${site}/six.py`]).toBe("pip six 1.0 in opt/venv");
  expect(owners[`${other}/six.py`]).toBe("uv six 2.0 in srv/.venv");
  expect(owners[`${target}/six.py`]).toBe("pip six 3.0 in var/task");
  expect(owners["usr/lib/python3/dist-packages/six.py"]).toBe("pip six 4.0");
});

test("what a package brings within itself is its own", async () => {
  const inner = `${site}/setuptools/_vendor`;
  const owners = await ownersIn([
    file(`${inner}/wheel/__init__.py`, "w"),
    ...dist("wheel", "0.43", ["wheel/__init__.py,,"], {}, inner),
    ...dist("setuptools", "70.0", [
      "setuptools/_vendor/wheel/__init__.py,,",
      "setuptools/_vendor/wheel-0.43.dist-info/METADATA,,",
    ]),
  ]);
  expect(owners[`${inner}/wheel/__init__.py`]).toBe("pip setuptools 70.0 in opt/venv");
});

test("of two that name a file it is the one's whose hash its content has, whoever delivers it", async () => {
  const at = "usr/lib/python3/dist-packages";
  const shared = [
    file(`${at}/numpy/core.so`, "new"),
    file("var/lib/dpkg/status", "Package: python3-numpy\nVersion: 1.24\n"),
    file("var/lib/dpkg/info/python3-numpy.list", `/${at}/numpy/core.so\n`),
  ];
  const over = await ownersIn([
    ...shared,
    ...dist("numpy", "2.1.0", [`numpy/core.so,${sha256("new")},3`], {}, at),
  ]);
  expect(over[`${at}/numpy/core.so`]).toBe("pip numpy 2.1.0");
  const stale = await ownersIn([
    ...shared,
    ...dist("numpy", "2.1.0", [`numpy/core.so,${sha256("old")},3`], {}, at),
  ]);
  expect(stale[`${at}/numpy/core.so`]).toBe("dpkg python3-numpy 1.24");
});

test("a dist-info that dpkg delivers is dpkg's package, not one of pip", async () => {
  const at = "usr/lib/python3/dist-packages";
  const owners = await ownersIn([
    file(`${at}/six.py`, "s"),
    ...dist("six", "1.0", [], {}, at),
    file("var/lib/dpkg/status", "Package: python3-six\nVersion: 1.0-1\n"),
    file("var/lib/dpkg/info/python3-six.list", `/${at}/six.py\n/${at}/six-1.0.dist-info/METADATA\n`),
  ]);
  expect(new Set(Object.values(owners))).toEqual(new Set(["dpkg python3-six 1.0-1"]));
});

test("without a RECORD the modules that top_level.txt names are the package's, else those called like it", async () => {
  const owners = await ownersIn([
    file(`${site}/yaml/__init__.py`, "y"),
    file(`${site}/_yaml.cpython-312-x86_64-linux-gnu.so`, "y"),
    file(`${site}/ruamel_clib/x.so`, "r"),
    ...dist("PyYAML", "6.0", [], { "top_level.txt": "yaml\n_yaml\n..\n" }),
    ...dist("ruamel-clib", "1.0", []),
  ]);
  expect(owners[`${site}/yaml/__init__.py`]).toBe("pip PyYAML 6.0 in opt/venv");
  expect(owners[`${site}/_yaml.cpython-312-x86_64-linux-gnu.so`]).toBe("pip PyYAML 6.0 in opt/venv");
  expect(owners[`${site}/ruamel_clib/x.so`]).toBe("pip ruamel-clib 1.0 in opt/venv");
});

test("an editable project has its folder, but not the environments and packages in it", async () => {
  const inner = "app/.venv/lib/python3.12/site-packages";
  const owners = await ownersIn([
    folder("app"),
    file("app/train.py", "t"),
    file("app/.venv/pyvenv.cfg", "home = /usr/bin"),
    file("app/.venv/bin/activate", "a"),
    file("app/node_modules/left-pad/package.json", '{"name":"left-pad","version":"1.0.0"}'),
    file("lib-by-path/mod/x.py", "m"),
    file(`${inner}/six.py`, "s"),
    file(`${inner}/_lib.pth`, "/lib-by-path\nimport os; os.system('x')\n"),
    ...dist("six", "1.0", ["six.py,,"], {}, inner),
    ...dist(
      "app",
      "0.1",
      ["app-0.1.dist-info/RECORD,,"],
      { "direct_url.json": '{"dir_info": {"editable": true}, "url": "file:///app"}' },
      inner,
    ),
    ...dist("lib", "0.2", ["_lib.pth,,"], {}, inner),
    ...dist(
      "root",
      "0.3",
      [],
      { "direct_url.json": '{"dir_info": {"editable": true}, "url": "file:///"}' },
      inner,
    ),
    ...dist("copied", "0.4", [], { "direct_url.json": '{"dir_info": {}, "url": "file:///etc"}' }, inner),
    file("etc/passwd", "root"),
  ]);
  expect(owners["app/train.py"]).toBe("pip app 0.1 in app/.venv");
  expect(owners["app/.venv/bin/activate"]).toBeUndefined();
  expect(owners[`${inner}/six.py`]).toBe("pip six 1.0 in app/.venv");
  expect(owners["app/node_modules/left-pad/package.json"]).toBe("npm left-pad 1.0.0 in app");
  expect(owners["lib-by-path/mod/x.py"]).toBe("pip lib 0.2 in app/.venv");
  expect(owners["etc/passwd"]).toBeUndefined();
});

test("older tools' packages: egg-info with and without lists, as a file, eggs, links to projects", async () => {
  const owners = await ownersIn([
    file(`${site}/listed/__init__.py`, "l"),
    file("opt/venv/bin/listed", "l"),
    file(`${site}/listed-1.0-py3.12.egg-info/PKG-INFO`, "Name: listed\nVersion: 1.0\n"),
    file(
      `${site}/listed-1.0-py3.12.egg-info/installed-files.txt`,
      "../listed/__init__.py\n../../../../bin/listed\nPKG-INFO\n",
    ),
    file(`${site}/sourced/core.py`, "s"),
    file(`${site}/sourced/data.bin`, "s"),
    file(`${site}/sourced-2.0.egg-info/PKG-INFO`, "Name: sourced\nVersion: 2.0\n"),
    file(`${site}/sourced-2.0.egg-info/SOURCES.txt`, "setup.py\nsrc/sourced/core.py\n"),
    file(`${site}/sourced-2.0.egg-info/top_level.txt`, "sourced\n"),
    file(`${site}/single.py`, "s"),
    file(`${site}/single-3.0.egg-info`, "Metadata-Version: 1.0\nName: single\nVersion: 3.0\n"),
    file(`${site}/Egg-4.0-py3.12.egg/EGG-INFO/PKG-INFO`, "Name: Egg\nVersion: 4.0\n"),
    file(`${site}/Egg-4.0-py3.12.egg/egg/x.py`, "e"),
    file(`${site}/dev-tool.egg-link`, "/srv/dev\n../"),
    file("srv/dev/dev_tool.egg-info/PKG-INFO", "Name: dev-tool\nVersion: 5.0\n"),
    file("srv/dev/dev_tool/x.py", "d"),
  ]);
  expect(owners[`${site}/listed/__init__.py`]).toBe("pip listed 1.0 in opt/venv");
  expect(owners["opt/venv/bin/listed"]).toBe("pip listed 1.0 in opt/venv");
  expect(owners[`${site}/sourced/core.py`]).toBe("pip sourced 2.0 in opt/venv");
  expect(owners[`${site}/sourced/data.bin`]).toBe("pip sourced 2.0 in opt/venv");
  expect(owners[`${site}/single.py`]).toBe("pip single 3.0 in opt/venv");
  expect(owners[`${site}/single-3.0.egg-info`]).toBe("pip single 3.0 in opt/venv");
  expect(owners[`${site}/Egg-4.0-py3.12.egg/egg/x.py`]).toBe("pip Egg 4.0 in opt/venv");
  expect(owners["srv/dev/dev_tool/x.py"]).toBe("pip dev-tool 5.0 in opt/venv");
});

test("uv's cache shares its files with the environment, whose package has them", async () => {
  const cache = "root/.cache/uv/archive-v0/abc";
  const owners = await ownersIn([
    file(`${cache}/torch/lib.so`, "t"),
    ...dist("torch", "2.5", ["torch/lib.so,,"], { INSTALLER: "uv" }),
    hardlink(`${site}/torch/lib.so`, `${cache}/torch/lib.so`),
    symlink("opt/venv/lib64", "lib"),
  ]);
  expect(owners[`${cache}/torch/lib.so`]).toBe("uv torch 2.5 in opt/venv");
  expect(owners[`${site}/torch/lib.so`]).toBe("uv torch 2.5 in opt/venv");
});

test.each([
  ["opt/conda/envs/a/lib/python3.12/site-packages", "opt/conda/envs/a"],
  ["usr/local/lib/python3.12/dist-packages", "usr/local"],
  ["usr/lib/python3/dist-packages", ""],
  ["opt/venv/lib64/pypy3.10/site-packages", "opt/venv"],
  ["lib/python3.12/site-packages", ""],
  ["var/task", "var/task"],
])("the packages in %s are of the environment %j", (path, home) => {
  expect(homeOfSite(path)).toBe(home);
});

test.each([
  ["numpy-2.1.0.dist-info", "numpy", "2.1.0"],
  ["six-1.16.0-py3.11.egg-info", "six", "1.16.0"],
  ["plain.egg-info", "plain", ""],
])("%s names %s %s", (fileName, name, version) => {
  expect(namedBy(fileName)).toEqual({ name, version });
});

test("what a RECORD was written from is read from it", () => {
  const path = fc
    .string({ minLength: 1, unit: "grapheme" })
    .filter((text) => !/[\r\n]/.test(text) && text !== '"');
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      const text = paths.map((one) => `${quoted(one)},${sha256(one)},${one.length}\n`).join("");
      const found = [...readRecord(Buffer.from(text))];
      expect(found.map((one) => one.path)).toEqual(paths);
      for (const one of found) expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
});

test("records of any bytes are read to their end", async () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.string().map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .constantFrom("{", '{"url":3}', '{"url":"file://%","dir_info":{"editable":true}}')
      .map((text) => Buffer.from(text)),
  );
  const names = ["RECORD", "METADATA", "INSTALLER", "direct_url.json", "top_level.txt"];
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 9, maxLength: 9 }), async (texts) => {
      const at = (i: number) => ({ bytes: texts[i] ?? Buffer.alloc(0) });
      await ownersIn([
        ...names.map((name, i) => file(`${site}/x-1.dist-info/${name}`, "", at(i))),
        file(`${site}/x.egg-info`, "", at(5)),
        file(`${site}/y.egg-info/SOURCES.txt`, "", at(6)),
        file(`${site}/y.egg-info/PKG-INFO`, "", at(7)),
        file(`${site}/z.egg-link`, "", at(8)),
      ]);
    }),
    { numRuns: 60 },
  );
});
