import * as fc from "fast-check";
import { expect, test } from "vitest";
import { file, hardlink, symlink } from "../testing/layers.ts";
import { ownersIn } from "../testing/owners.ts";

const prefix = "opt/conda";
const site = `${prefix}/lib/python3.12/site-packages`;
const meta = (name: string, version: string, files: unknown, at = prefix) =>
  file(`${at}/conda-meta/${name}-${version}-0.json`, JSON.stringify({ name, version, build: "0", files }));
const built = (name: string, version: string) =>
  `Package: ${name}\nVersion: ${version}\nDescription: x\n y\nBuilt: R 4.4.1; ; 2024-01-01 00:00:00 UTC; unix\n`;
const manifest = (name: string, version: string) => JSON.stringify({ name, version });

test("conda has the Python packages that it delivers, and pip those that came into its environment", async () => {
  const owners = await ownersIn([
    file(`${site}/numpy/core.so`, "n"),
    file(`${site}/numpy-1.26.dist-info/METADATA`, "Name: numpy\nVersion: 1.26\n"),
    file(`${site}/numpy-1.26.dist-info/INSTALLER`, "conda"),
    file(`${site}/numpy-1.26.dist-info/RECORD`, "numpy/core.so,,\nnumpy/also.py,,\n"),
    file(`${site}/rich/a.py`, "r"),
    file(`${site}/rich-13.0.dist-info/METADATA`, "Name: rich\nVersion: 13.0\n"),
    file(`${site}/rich-13.0.dist-info/RECORD`, "rich/a.py,,\n"),
    meta("numpy", "1.26", [
      "lib/python3.12/site-packages/numpy/core.so",
      "lib/python3.12/site-packages/numpy-1.26.dist-info/METADATA",
      "lib/python3.12/site-packages/numpy-1.26.dist-info/RECORD",
      "../../etc/passwd/../nothing",
      7,
    ]),
    file(`${prefix}/conda-meta/history`, "==>"),
  ]);
  expect(owners[`${site}/numpy/core.so`]).toBe("conda numpy 1.26 in opt/conda");
  expect(owners[`${prefix}/conda-meta/numpy-1.26-0.json`]).toBe("conda numpy 1.26 in opt/conda");
  expect(owners[`${site}/rich/a.py`]).toBe("pip rich 13.0 in opt/conda");
});

test("environments of conda are told apart; one whose records are gone is known by its INSTALLER", async () => {
  const other = `${prefix}/envs/gpu`;
  const owners = await ownersIn([
    file(`${prefix}/bin/python3`, "a"),
    file(`${other}/bin/python3`, "b"),
    meta("python", "3.12", ["bin/python3"]),
    meta("python", "3.11", ["bin/python3"], other),
    file("srv/env/lib/python3.12/site-packages/six.py", "s"),
    file("srv/env/lib/python3.12/site-packages/six-1.0.dist-info/RECORD", "six.py,,"),
    file("srv/env/lib/python3.12/site-packages/six-1.0.dist-info/INSTALLER", "conda"),
  ]);
  expect(owners[`${prefix}/bin/python3`]).toBe("conda python 3.12 in opt/conda");
  expect(owners[`${other}/bin/python3`]).toBe("conda python 3.11 in opt/conda/envs/gpu");
  expect(owners["srv/env/lib/python3.12/site-packages/six.py"]).toBe("conda six 1.0 in srv/env");
});

test("what conda's cache shares with an environment is the environment's, the rest the cached package's", async () => {
  const cached = `${prefix}/pkgs/mkl-blas-2024.1-h1_0`;
  const owners = await ownersIn([
    meta("mkl-blas", "2024.1", ["lib/libmkl.so"]),
    file(`${cached}/info/index.json`, "{}"),
    file(`${cached}/lib/libmkl.so`, "m"),
    file(`${cached}/lib/unlinked.so`, "u"),
    hardlink(`${prefix}/lib/libmkl.so`, `${cached}/lib/libmkl.so`),
  ]);
  expect(owners[`${prefix}/lib/libmkl.so`]).toBe("conda mkl-blas 2024.1 in opt/conda");
  expect(owners[`${cached}/lib/libmkl.so`]).toBe("conda mkl-blas 2024.1 in opt/conda");
  expect(owners[`${cached}/lib/unlinked.so`]).toBe("conda mkl-blas 2024.1 in opt/conda/pkgs");
});

test("R packages are folders of libraries, unless dpkg delivers them or they are mere sources", async () => {
  const user = "root/R/x86_64-pc-linux-gnu-library/4.4";
  const owners = await ownersIn([
    file("usr/local/lib/R/site-library/jsonlite/DESCRIPTION", built("jsonlite", "1.8")),
    file("usr/local/lib/R/site-library/jsonlite/libs/jsonlite.so", "j"),
    file("usr/lib/R/site-library/dplyr/DESCRIPTION", built("dplyr", "1.0")),
    file("usr/lib/R/site-library/dplyr/R/dplyr.rdb", "d"),
    file("var/lib/dpkg/status", "Package: r-cran-dplyr\nVersion: 1.0-1\n"),
    file(
      "var/lib/dpkg/info/r-cran-dplyr.list",
      "/usr/lib/R/site-library/dplyr/DESCRIPTION\n/usr/lib/R/site-library/dplyr/R/dplyr.rdb\n",
    ),
    file(`${user}/R6/DESCRIPTION`, built("R6", "2.5")),
    file(`${user}/R6/inner/library/fake/DESCRIPTION`, built("fake", "0")),
    file("srv/renv/library/linux/R-4.4/x86_64-pc-linux-gnu/cli/DESCRIPTION", built("cli", "3.6")),
    file("srv/library/source/DESCRIPTION", "Package: source\nVersion: 1\n"),
  ]);
  expect(owners["usr/local/lib/R/site-library/jsonlite/libs/jsonlite.so"]).toBe(
    "r jsonlite 1.8 in usr/local/lib/R/site-library",
  );
  expect(owners["usr/lib/R/site-library/dplyr/R/dplyr.rdb"]).toBe("dpkg r-cran-dplyr 1.0-1");
  expect(owners[`${user}/R6/inner/library/fake/DESCRIPTION`]).toBe(`r R6 2.5 in ${user}`);
  expect(owners["srv/renv/library/linux/R-4.4/x86_64-pc-linux-gnu/cli/DESCRIPTION"]).toMatch(/^r cli 3.6/);
  expect(owners["srv/library/source/DESCRIPTION"]).toBeUndefined();
});

test("npm's packages are folders of node_modules, those within others their own", async () => {
  const owners = await ownersIn([
    file("app/package.json", manifest("app", "1.0.0")),
    file("app/node_modules/@types/node/package.json", manifest("@types/node", "24.0.0")),
    file("app/node_modules/@types/node/fs.d.ts", "f"),
    file("app/node_modules/a/package.json", manifest("a", "1.0.0")),
    file("app/node_modules/a/package.json.d/deep/x.js", "x"),
    file("app/node_modules/a/node_modules/b/package.json", manifest("b", "2.0.0")),
    file("app/node_modules/a/node_modules/b/index.js", "b"),
    file("app/node_modules/broken/package.json", "{"),
    file("app/node_modules/broken/index.js", "b"),
    file("app/node_modules/.package-lock.json", "{}"),
  ]);
  expect(owners["app/node_modules/@types/node/fs.d.ts"]).toBe("npm @types/node 24.0.0 in app");
  expect(owners["app/node_modules/a/package.json.d/deep/x.js"]).toBe("npm a 1.0.0 in app");
  expect(owners["app/node_modules/a/node_modules/b/index.js"]).toBe("npm b 2.0.0 in app");
  expect(owners["app/node_modules/broken/index.js"]).toBe("npm broken  in app");
  expect(owners["app/node_modules/.package-lock.json"]).toBeUndefined();
  expect(owners["app/package.json"]).toBeUndefined();
});

test("a manager's files in node_modules are that manager's", async () => {
  const owners = await ownersIn([
    file("usr/share/node_modules/npm/package.json", manifest("npm", "9")),
    file("var/lib/dpkg/status", "Package: npm\nVersion: 9-1\n"),
    file("var/lib/dpkg/info/npm.list", "/usr/share/node_modules/npm/package.json\n"),
    file("var/lib/dpkg/triggers/File", "x"),
  ]);
  expect(owners["usr/share/node_modules/npm/package.json"]).toBe("dpkg npm 9-1");
});

test("records of any content are read to their end", async () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(json)),
    fc
      .record({ name: fc.anything(), version: fc.anything(), files: fc.anything() })
      .map((record) =>
        Buffer.from(
          JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? 0 : value)) ?? "",
        ),
      ),
  );
  await fc.assert(
    fc.asyncProperty(text, text, text, async (first, second, third) => {
      await ownersIn([
        file("a/conda-meta/x-1-0.json", "", { bytes: first }),
        file("a/node_modules/x/package.json", "", { bytes: second }),
        file("a/library/x/DESCRIPTION", "", { bytes: third }),
      ]);
    }),
    { numRuns: 60 },
  );
});

test("work grows with the image and its records, not with what they could mean together", async () => {
  const chain = Array.from({ length: 5000 }, (_, i) => symlink(`l${i}`, `l${i + 1}/x`));
  const deep = `${"d/".repeat(400)}f`;
  const record = Array.from({ length: 100_000 }, (_, i) => `../l${i % 5000}/${deep.slice(i % 800)},,`).join(
    "\n",
  );
  const owners = await ownersIn([
    ...chain,
    file(deep, "f"),
    file("site/x-1.dist-info/RECORD", `${record}\n../${deep},,\n`),
    file("site/x-1.dist-info/INSTALLER", "pip"),
  ]);
  expect(owners[deep]).toBe("pip x 1 in site");
}, 20_000);
