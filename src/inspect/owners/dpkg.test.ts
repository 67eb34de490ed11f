import * as fc from "fast-check";
import { expect, test } from "vitest";
import { file, symlink } from "../testing/layers.ts";
import { ownersIn } from "../testing/owners.ts";
import { diversionsOf, installedOf } from "./dpkg.ts";

const status = (...packages: (readonly [name: string, state?: string, arch?: string])[]) =>
  file(
    "var/lib/dpkg/status",
    packages
      .map(([name, state = "install ok installed", arch = "amd64"]) =>
        [
          `Package: ${name}`,
          `Status: ${state}`,
          `Architecture: ${arch}`,
          "Version: 1-2",
          "Description: x",
          " y",
          "",
        ].join("\n"),
      )
      .join("\n"),
  );
const list = (name: string, ...paths: string[]) =>
  file(`var/lib/dpkg/info/${name}.list`, `/.\n${paths.join("\n")}\n`);

test("what dpkg lists below /bin is the package's where /bin is a link to usr/bin", async () => {
  const owners = await ownersIn([
    symlink("bin", "usr/bin"),
    symlink("lib64", "/usr/lib64"),
    file("usr/bin/ls", "ls"),
    file("usr/lib64/ld.so", "ld"),
    status(["coreutils"], ["libc6"]),
    list("coreutils", "/bin", "/bin/ls"),
    list("libc6:amd64", "/lib64/ld.so"),
  ]);
  expect(owners["usr/bin/ls"]).toBe("dpkg coreutils 1-2");
  expect(owners["usr/lib64/ld.so"]).toBe("dpkg libc6 1-2");
  expect(owners["bin"]).toBe("dpkg coreutils 1-2");
  expect(owners["var/lib/dpkg/info/libc6:amd64.list"]).toBe("dpkg libc6 1-2");
});

test("a diverted file is where the diversion put it, and the diverting package's stands in its place", async () => {
  const owners = await ownersIn([
    file("bin/sh", "dash"),
    file("bin/sh.distrib", "bash"),
    file("etc/motd.own", "own"),
    status(["bash"], ["dash"], ["base-files"]),
    list("bash", "/bin/sh"),
    list("dash", "/bin/sh"),
    list("base-files", "/etc/motd"),
    file("var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\ndash\n/etc/motd\n/etc/motd.own\n:\n"),
  ]);
  expect(owners["bin/sh"]).toBe("dpkg dash 1-2");
  expect(owners["bin/sh.distrib"]).toBe("dpkg bash 1-2");
  expect(owners["etc/motd.own"]).toBe("dpkg base-files 1-2");
});

test("dpkg's own records belong to it, and byte code to the package of its source", async () => {
  const owners = await ownersIn([
    file("usr/lib/python3/dist-packages/six.py", "six"),
    file("usr/lib/python3/dist-packages/__pycache__/six.cpython-311.pyc", "code"),
    file("usr/lib/python3/dist-packages/__pycache__/other.cpython-311.pyc", "code"),
    status(["dpkg"], ["python3-six"]),
    list("dpkg"),
    file("usr/bin/dpkg", "x"),
    list("dpkg", "/usr/bin/dpkg"),
    list("python3-six", "/usr/lib/python3/dist-packages/six.py"),
    file("var/lib/dpkg/info/python3-six.postinst", "#!/bin/sh"),
    file("var/lib/dpkg/alternatives/awk", "auto"),
  ]);
  expect(owners["var/lib/dpkg/status"]).toBe("dpkg dpkg 1-2");
  expect(owners["var/lib/dpkg/alternatives/awk"]).toBe("dpkg dpkg 1-2");
  expect(owners["var/lib/dpkg/info/python3-six.postinst"]).toBe("dpkg python3-six 1-2");
  expect(owners["usr/lib/python3/dist-packages/__pycache__/six.cpython-311.pyc"]).toBe(
    "dpkg python3-six 1-2",
  );
  expect(owners["usr/lib/python3/dist-packages/__pycache__/other.cpython-311.pyc"]).toBeUndefined();
});

test("a package is not installed where a later layer hides its record, or its state says so", async () => {
  const below = [
    file("usr/bin/kept", "k"),
    file("usr/bin/gone", "g"),
    status(["kept"], ["gone"]),
    list("kept", "/usr/bin/kept"),
    list("gone", "/usr/bin/gone"),
  ];
  const hidden = await ownersIn(below, [file("var/lib/dpkg/info/.wh.gone.list")]);
  expect(hidden["usr/bin/kept"]).toBe("dpkg kept 1-2");
  expect(hidden["usr/bin/gone"]).toBeUndefined();
  const purged = await ownersIn(below, [status(["kept"], ["gone", "deinstall ok not-installed"])]);
  expect(purged["usr/bin/gone"]).toBeUndefined();
});

test("two architectures of a package are told apart", async () => {
  const owners = await ownersIn([
    file("usr/lib/a/libz.so", "64"),
    file("usr/lib/i/libz.so", "32"),
    status(["zlib1g"], ["zlib1g", "install ok installed", "i386"]),
    list("zlib1g:amd64", "/usr/lib/a/libz.so"),
    list("zlib1g:i386", "/usr/lib/i/libz.so"),
  ]);
  expect(owners["usr/lib/a/libz.so"]).toBe("dpkg zlib1g 1-2");
  expect(owners["usr/lib/i/libz.so"]).toBe("dpkg zlib1g:i386 1-2");
});

test("distroless images have a file for each package", async () => {
  const owners = await ownersIn([
    file("usr/lib/libssl.so.3", "ssl"),
    file("var/lib/dpkg/status.d/libssl3", "Package: libssl3\nVersion: 3.0\n"),
    file("var/lib/dpkg/status.d/libssl3.md5sums", `${"0".repeat(32)}  usr/lib/libssl.so.3\n`),
  ]);
  expect(owners["usr/lib/libssl.so.3"]).toBe("dpkg libssl3 3.0");
  expect(owners["var/lib/dpkg/status.d/libssl3.md5sums"]).toBe("dpkg libssl3 3.0");
});

test("links that lead in circles, or up and out, own nothing and end", async () => {
  const owners = await ownersIn([
    symlink("a", "b/x"),
    symlink("b", "a/y"),
    symlink("up", "../../../usr"),
    file("usr/bin/ls", "ls"),
    status(["p"]),
    list("p", "/a/file", "/b", "/up/bin/ls", `/${"x/".repeat(100_000)}y`),
  ]);
  expect(owners["b"]).toBe("dpkg p 1-2");
  expect(owners["usr/bin/ls"]).toBe("dpkg p 1-2");
});

test("records of any bytes are read to their end", () => {
  const line = fc.oneof(
    fc.constantFrom("Package: a", "Status: x not-installed", "", " continued", "Version:", ":", "Package"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.array(line).map((lines) => Buffer.from(lines.join("\n"))),
      ),
      (bytes) => {
        for (const { owner, fileNames } of installedOf(Buffer.from(bytes))) {
          expect(owner.manager).toBe("dpkg");
          expect(fileNames.length).toBeGreaterThan(0);
        }
        for (const { from, to } of diversionsOf(Buffer.from(bytes)).values())
          expect([typeof from, typeof to]).toEqual(["string", "string"]);
      },
    ),
  );
});
