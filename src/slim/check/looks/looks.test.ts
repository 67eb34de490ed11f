import { describe, expect, test } from "vitest";
import { file, folder, hardlink, symlink } from "../../../inspect/testing/layers.ts";
import { readChecklist } from "../read-checklist.ts";
import type { CheckResult } from "../result.ts";
import { elfFile } from "../testing/elf-file.ts";
import { testImage } from "../testing/images.ts";
import { lookAtContents, lookAtFile, lookAtLicenses, lookAtOwners } from "./files.ts";
import { lookAtLibraries } from "./libraries.ts";
import { lookAtLinks } from "./links.ts";
import { lookAtMetadata } from "./metadata.ts";
import { lookForCopies } from "./unique.ts";
import { lookAtWritable } from "./writable.ts";

function checklist(lines: string): ReturnType<typeof readChecklist> {
  return readChecklist(`schemaVersion: 2.0.0\n${lines}`, "checks.yaml");
}

const people = [
  file("etc/passwd", "root:x:0:0::/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/bash\n"),
  file("etc/group", "root:x:0:\nusers:x:100:\nshared:x:50:other,jovyan\n"),
];

describe("files", () => {
  test("are there or not, with their owners and modes; the last link is looked at itself", async () => {
    const image = await testImage([
      [
        { path: "tmp/", flag: "5", mode: 0o1777 },
        { path: "bin/su", mode: 0o4755, bytes: Buffer.from("x") },
        { path: "data", uid: 1000, gid: 100, mode: 0o640 },
        symlink("to-nowhere", "/nowhere"),
        symlink("sbin", "bin"),
        { path: "dev/null", flag: "3", mode: 0o666 },
      ],
    ]);
    const { fileExistenceTests } = checklist(`
fileExistenceTests:
  - {name: "sticky", path: /tmp, permissions: dtrwxrwxrwx, uid: 0}
  - {name: "by a link", path: /sbin/su, permissions: urwxr-xr-x, isExecutableBy: other}
  - {name: "by a variable", path: "$HOME/null", permissions: Dcrw-rw-rw-}
  - {name: "the link", path: /to-nowhere, permissions: Lrw-r--r--}
  - {name: "the root", path: /, permissions: drwxr-xr-x}
  - {name: "gone", path: /nowhere, shouldExist: false}
  - {name: "of every container", path: /etc/hosts, uid: 0}
  - {name: "not there", path: /nowhere}
  - {name: "still there", path: /data, shouldExist: false}
  - {name: "wrong in all", path: /data, permissions: -rw-rw-rw-, uid: 1, gid: 2, isExecutableBy: any}
  - {name: "nobody", path: /data, isExecutableBy: nobody}
`);
    const results = fileExistenceTests.map((one) => lookAtFile(one, image, new Map([["HOME", "/dev"]])));
    expect(failed(results)).toEqual({
      "not there": ["/nowhere is not there"],
      "still there": ["/data is there"],
      "wrong in all": [
        "/data is -rw-r-----, not -rw-rw-rw-",
        "/data belongs to user 1000, not 1",
        "/data belongs to group 100, not 2",
        "/data is not executable by any: -rw-r-----",
      ],
      nobody: ["isExecutableBy nobody is none of any, owner, group, other"],
    });
  });

  test("of a whole folder belong to one user", async () => {
    const image = await testImage([
      [
        { path: "venv/", flag: "5", uid: 1000, mode: 0o755 },
        { path: "venv/lib/a", uid: 1000 },
        { path: "venv/lib/b" },
        { path: "venv/known" },
        { path: "venvs" },
      ],
    ]);
    const [owners] = checklist(`
ownerTests: [{name: venv, path: /venv, uid: 1000, recursive: true, except: [/venv/known]}]`).ownerTests;
    expect(owners && lookAtOwners(owners, image).failures).toEqual([
      "/venv/lib/b belongs to user 0, not 1000",
    ]);
  });

  test("hold what they should, whichever layer and name they have it from", async () => {
    const image = await testImage([
      [file("etc/debian_version", "11.0\n"), file("etc/issue", "secret=1\n")],
      [file("etc/debian_version", "12.5\n"), symlink("version", "/etc/debian_version"), folder("opt")],
    ]);
    const { fileContentTests } = checklist(String.raw`
fileContentTests:
  - {name: good, path: /version, expectedContents: ['^12\.', '(?i)\d+'], excludedContents: ["11"]}
  - {name: bad, path: etc/issue, expectedContents: ["x{3}"], excludedContents: ["secret=\\d"]}
  - {name: none, path: /opt}
  - {name: broken, path: /version, expectedContents: ["("]}
`);
    expect(failed(await lookAtContents(fileContentTests, image))).toEqual({
      bad: ['"x{3}" is not in etc/issue', String.raw`"secret=\\d" is in etc/issue`],
      none: ["/opt is no file that could be read"],
      broken: ['"(" is no regular expression'],
    });
  });

  test("of Debian's packages have licenses that are allowed", async () => {
    const image = await testImage([
      [
        folder("usr/share/doc/good"),
        file("usr/share/doc/good/copyright", "MIT"),
        folder("usr/share/doc/bad"),
        file("usr/share/doc/bad/copyright", "Agpl-3"),
        folder("usr/share/doc/none"),
        folder("usr/share/doc/libgnutls30"),
        symlink("usr/share/doc/other", "good"),
        file("opt/LICENSE", "WTFPL"),
      ],
    ]);
    const { licenseTests } = checklist("licenseTests: [{debian: true, files: [/opt/LICENSE]}]");
    expect(failed(await lookAtLicenses(licenseTests, image))).toEqual({
      licenses: [
        "/opt/LICENSE speaks of WTFPL",
        "/usr/share/doc/bad/copyright speaks of AGPL",
        "/usr/share/doc/none/copyright is no file that could be read",
      ],
    });
  });
});

test("settings are what they should be", async () => {
  const image = await testImage([[file("a")]], {
    Env: ["PATH=/bin", "EMPTY="],
    Labels: { version: "1.2" },
    Cmd: ["sh"],
    ExposedPorts: { "8888/tcp": {} },
    Volumes: { "/data": {} },
    User: "jovyan",
    WorkingDir: "/work",
  });
  const look = (lines: string): string[] => {
    const { metadataTest } = checklist(`metadataTest:\n${lines}`);
    return metadataTest === undefined
      ? ["nothing to look at"]
      : lookAtMetadata(metadataTest, image.run).failures;
  };
  expect(
    look(String.raw`
  envVars: [{key: PATH, value: /bin}, {key: EMPTY, value: ""}]
  unboundEnvVars: [{key: TOKEN}]
  labels: [{key: version, value: '^\d', isRegex: true}]
  cmd: [sh]
  entrypoint: []
  exposedPorts: ["8888", "8888/tcp"]
  unexposedPorts: ["22"]
  volumes: [/data]
  unmountedVolumes: [/other]
  workdir: /work
  user: jovyan`),
  ).toEqual([]);
  expect(
    look(`
  envVars: [{key: PATH, value: /usr/bin}, {key: TOKEN, value: x}]
  unboundEnvVars: [{key: PATH}]
  cmd: []
  entrypoint: [tini]
  exposedPorts: ["22"]
  unexposedPorts: ["8888"]
  volumes: [/other]
  unmountedVolumes: [/data]
  workdir: /
  user: root`),
  ).toEqual([
    'variable PATH is "/bin", not "/usr/bin"',
    "variable TOKEN is not set",
    "variable PATH is set",
    'cmd is ["sh"], not []',
    'entrypoint is [], not ["tini"]',
    'workdir is "/work", not "/"',
    'user is "jovyan", not "root"',
    "port 22 is not exposed",
    "port 8888 is exposed",
    "/other is no volume",
    "/data is a volume",
  ]);
});

test("paths can be written by their owner, by its groups, by all; what is not there can be made or not", async () => {
  const image = await testImage(
    [
      [
        ...people,
        { path: "home/jovyan/", flag: "5", uid: 1000, gid: 100, mode: 0o755 },
        { path: "srv/", flag: "5", gid: 50, mode: 0o770 },
        { path: "srv/file", gid: 50, mode: 0o664 },
        { path: "tmp/", flag: "5", mode: 0o1777 },
        { path: "root/", flag: "5", mode: 0o700 },
        { path: "root/open/", flag: "5", mode: 0o777 },
        { path: "mine/", flag: "5", uid: 1000, mode: 0o077 },
        symlink("home/here", "jovyan"),
      ],
    ],
    { User: "jovyan" },
  );
  const writable = (paths: string, user = ""): string[] => {
    const [one] = checklist(`writableTests: [{name: w, paths: [${paths}], user: "${user}"}]`).writableTests;
    return one === undefined ? [] : lookAtWritable(one, image).failures;
  };
  expect(writable("/home/jovyan, /home/here/.cache/pip, /srv, /srv/file, /tmp/x")).toEqual([]);
  expect(writable("/etc, /etc/passwd/x, /root/open, /mine, /new")).toEqual([
    "/etc cannot be written by jovyan",
    "/etc/passwd/x cannot be written by jovyan",
    "/root/open cannot be written by jovyan",
    "/mine cannot be written by jovyan",
    "/new cannot be written by jovyan",
  ]);
  expect(writable("/srv", "1000:100")).toEqual(["/srv cannot be written by 1000:100"]);
  expect(writable("/root, /new", "0")).toEqual([]);
  expect(writable("/tmp", "nobody")).toEqual(["the user nobody is not in /etc/passwd"]);
});

test("links lead somewhere, but for those into what is there only at run time", async () => {
  const image = await testImage([
    [
      file("a/b"),
      symlink("good", "a/b"),
      symlink("etc/mtab", "../proc/self/mounts"),
      symlink("var/lock", "/run/lock"),
      symlink("a/bad", "../gone"),
      symlink("known", "gone"),
      symlink("round", "round"),
    ],
  ]);
  const [links] = checklist("linkTests: [{name: links, except: [/known]}]").linkTests;
  expect(links && lookAtLinks(links, image).failures).toEqual([
    "/a/bad leads to ../gone, which is not there",
    "/round leads to round, which is not there",
  ]);
});

test("a program is there once, whatever links lead to it", async () => {
  const quarto = { path: "opt/quarto/bin/quarto", mode: 0o755, bytes: Buffer.from("#!") };
  const layer = [quarto, symlink("usr/bin/quarto", "/opt/quarto/bin/quarto"), file("share/quarto")];
  const [unique] = checklist("uniqueTests: [{name: Quarto, program: quarto}]").uniqueTests;
  const look = async (...more: typeof layer): Promise<string[] | undefined> =>
    unique && lookForCopies(unique, await testImage([layer, more])).failures;
  expect(await look()).toEqual([]);
  expect(await look(hardlink("also/quarto", "opt/quarto/bin/quarto"))).toEqual([]);
  expect(await look({ ...quarto, path: "rstudio/bin/quarto" })).toEqual([
    "quarto is there 2 times, not once: /opt/quarto/bin/quarto, /rstudio/bin/quarto",
  ]);
});

test("libraries that come with the driver, or that are known to be missing, are not asked for", async () => {
  const needed = ["libcuda.so.1", "libnvidia-ml.so.1", "libfoo.so.1", "libbar.so.1"];
  const image = await testImage(
    [
      [
        {
          path: "usr/bin/tool",
          mode: 0o755,
          bytes: elfFile({ needed, interpreter: "/lib64/ld-linux-x86-64.so.2" }),
        },
        { path: "opt/lib/libbar.so.1", bytes: elfFile({ soname: "libbar.so.1" }) },
      ],
    ],
    {},
    "amd64",
  );
  const look = (except: string): CheckResult | undefined => {
    const [libraries] = checklist(`libraryTests: [{name: libraries, except: [${except}]}]`).libraryTests;
    return libraries && lookAtLibraries(libraries, image);
  };
  expect(look("")).toMatchObject({
    outcome: "failed",
    failures: [
      "/usr/bin/tool needs libfoo.so.1, which is not there",
      "/usr/bin/tool needs the loader /lib64/ld-linux-x86-64.so.2, which is not there",
    ],
    doubts: ["/usr/bin/tool needs libbar.so.1, which is found only where something loaded it before"],
  });
  expect(look('libfoo.so.1, "/usr/bin/tool: libbar.so.1", /lib64/ld-linux-x86-64.so.2')).toMatchObject({
    outcome: "passed",
    doubts: [],
  });
});

function failed(results: readonly CheckResult[]): Record<string, string[]> {
  return Object.fromEntries(
    results.filter(({ outcome }) => outcome === "failed").map(({ name, failures }) => [name, failures]),
  );
}
