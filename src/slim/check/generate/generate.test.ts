import { describe, expect, test } from "vitest";
import { file, folder, symlink } from "../../../inspect/testing/layers.ts";
import type { TarSpec } from "../../../delta/testing/tars.ts";
import { resultOf } from "../result.ts";
import { readChecklist } from "../read-checklist.ts";
import { testImage } from "../testing/images.ts";
import { writeChecklist } from "../write-checklist.ts";
import { generateChecklist, withoutFailed } from "./generate.ts";

const program = (path: string): TarSpec => file(path, "x", { mode: 0o755 });
const path = "PATH=/opt/venv/bin:/usr/local/bin:/usr/bin";

describe("a checklist that is made from an image", () => {
  test("imports each Python's own packages with its own interpreter, and starts its scripts", async () => {
    const venv = "opt/venv/lib/python3.12/site-packages";
    const debian = "usr/lib/python3/dist-packages";
    const list = generateChecklist(
      await testImage([
        [
          program("usr/bin/python3.12"),
          symlink("usr/bin/python3", "python3.12"),
          symlink("opt/venv/bin/python3", "/usr/bin/python3.12"),
          file(`${venv}/numpy/__init__.py`),
          file(`${venv}/six.py`),
          file(`${venv}/_cffi_backend.cpython-312-x86_64-linux-gnu.so`),
          file(`${venv}/fast.cpython-312-x86_64-linux-gnu.so`),
          file(`${venv}/google/protobuf/__init__.py`),
          file(`${venv}/not-a-module/__init__.py`),
          file(`${venv}/data/readme.txt`),
          file(
            `${venv}/numpy-2.dist-info/entry_points.txt`,
            "[other]\nx = y:z\n[console_scripts]\nf2py = numpy.f2py:main\ngone = numpy:gone\n",
          ),
          program("opt/venv/bin/f2py"),
          file(`${debian}/apt_pkg/__init__.py`),
          // No Python would look here.
          file("opt/data/lib/python3.9/site-packages/lost.py"),
        ],
      ]),
    );
    expect(list.importTests.map(({ interpreter, modules }) => [interpreter, modules])).toEqual([
      ["/opt/venv/bin/python3", ["fast", "google.protobuf", "numpy", "six"]],
      ["/usr/bin/python3.12", ["apt_pkg"]],
    ]);
    expect(list.scriptTests.map(({ scripts }) => scripts)).toEqual([["/opt/venv/bin/f2py"]]);
    expect(list.commandTests.map(({ name }) => name)).toContain(
      "a small job with numpy (/opt/venv/bin/python3)",
    );
  });

  test("loads the packages of R's libraries and of Node.js", async () => {
    const list = generateChecklist(
      await testImage(
        [
          [
            program("usr/bin/Rscript"),
            file("usr/lib/R/library/stats/DESCRIPTION", "Package: stats\nBuilt: R 4.4\n"),
            file("usr/local/lib/R/site-library/ggplot2/DESCRIPTION", "Package: ggplot2\nBuilt: R 4.4\n"),
            file("srv/library/source/DESCRIPTION", "Package: source\n"),
            program("usr/bin/node"),
            file("app/node_modules/express/package.json", "{}"),
            file("app/node_modules/@scope/tool/package.json", "{}"),
            file("app/node_modules/@types/node/package.json", "{}"),
            file("app/node_modules/express/node_modules/inner/package.json", "{}"),
          ],
        ],
        { Env: [path] },
      ),
    );
    expect(list.importTests.map(({ language, folder: at, modules }) => [language, at, modules])).toEqual([
      ["r", "", ["ggplot2", "stats"]],
      ["node", "/app", ["@scope/tool", "express"]],
    ]);
  });

  test("starts the services that it knows, and what the image starts at its ports", async () => {
    const image = await testImage(
      [[program("opt/venv/bin/jupyter-lab"), program("usr/lib/rstudio-server/bin/rserver")]],
      {
        Env: [path],
        Cmd: ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8001"],
        ExposedPorts: { "8000/tcp": {}, "53/udp": {} },
      },
    );
    expect(generateChecklist(image).serviceTests.map(({ command, port }) => [command, port])).toEqual([
      ["", 8000],
      ["", 8001],
      ["/opt/venv/bin/jupyter-lab", 18888],
      ["/usr/lib/rstudio-server/bin/rserver", 18787],
    ]);
  });

  test("knows owners, modes, what the user may write to, settings, and what is wrong already", async () => {
    const image = await testImage(
      [
        [
          file("etc/passwd", "jovyan:x:1000:100::/home/jovyan:/bin/sh\n"),
          { path: "tmp/", flag: "5", mode: 0o1777 },
          { path: "usr/bin/su", mode: 0o4755, bytes: Buffer.from("x") },
          { path: "home/jovyan/", flag: "5", uid: 1000, gid: 100, mode: 0o755 },
          { path: "home/jovyan/work", uid: 1000, gid: 100 },
          folder("srv"),
          symlink("srv/old", "/gone"),
        ],
      ],
      { User: "jovyan", WorkingDir: "/srv", Env: [path], Labels: { revision: "a1b2" } },
    );
    const list = generateChecklist(image);
    expect(list.fileExistenceTests.map((one) => [one.path, one.permissions])).toEqual([
      ["/tmp", "dtrwxrwxrwx"],
      ["/usr/bin/su", "urwxr-xr-x"],
    ]);
    expect(list.ownerTests.map((one) => [one.path, one.uid, one.recursive])).toEqual([
      ["/home/jovyan", 1000, true],
      ["/srv", 0, true],
    ]);
    expect(list.writableTests[0]?.paths).toEqual(["/home/jovyan", "/tmp"]);
    expect(list.linkTests[0]?.except).toEqual(["/srv/old"]);
    expect(list.metadataTest).toMatchObject({ user: "jovyan", workdir: "/srv", labels: [] });
  });

  test("can be written and read again, and leaves out what did not pass", async () => {
    const image = await testImage(
      [
        [
          program("usr/bin/python3"),
          file("usr/lib/python3/dist-packages/good.py"),
          file("usr/lib/python3/dist-packages/bad.py"),
        ],
      ],
      { Env: [path] },
    );
    const found = generateChecklist(image);
    const name = "bad (/usr/bin/python3)";
    const failed = resultOf("import", name, { failures: ["ImportError: x"] });
    const { list, leftOut } = withoutFailed(found, {
      image: "app",
      platform: "linux/amd64",
      runner: "docker",
      notes: [],
      results: [failed],
    });
    expect(list.importTests.map(({ modules }) => modules)).toEqual([["good"]]);
    const text = writeChecklist(list, { leftOut });
    expect(text).toContain(`# Left out, for this did not pass:\n#   import: ${name}: ImportError: x`);
    expect(readChecklist(text, "checks.yaml")).toEqual(list);
  });
});
