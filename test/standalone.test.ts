import { execFileSync } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { existsSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noise, writeImage } from "./support/images.ts";
import { type Ran, repository, run } from "./support/run.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const executable = join(repository, "dist", `ddiff-linux-${process.arch}`);

/** A file of another state of the source would test nothing that is here. */
function notBuilt(): string | undefined {
  const how = "npm run build:standalone makes it";
  if (!existsSync(executable)) return `dist/${basename(executable)} is not there: ${how}`;
  const built = statSync(executable).mtimeMs;
  const newer = readdirSync(join(repository, "src"), { recursive: true, encoding: "utf8" }).find(
    (file) =>
      file.endsWith(".ts") &&
      !file.endsWith(".test.ts") &&
      statSync(join(repository, "src", file)).mtimeMs > built,
  );
  return newer === undefined ? undefined : `dist/${basename(executable)} is older than src/${newer}: ${how}`;
}

describePlace(
  "standalone",
  firstMissing(notBuilt(), notRoot(), toolMissing("ldd"), toolMissing("unshare")),
  () => {
    let root: string;
    const one = { "opt/app.bin": noise("app", 400_000), "opt/version": "1\n" };

    /** A root that has the executable, the C library with its loader, and images; no shell, no Node. */
    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), "ddiff-standalone-"));
      const libraries = execFileSync("ldd", [executable], { encoding: "utf8" }).matchAll(/(\/\S+) \(0x/g);
      for (const [, library = ""] of libraries) {
        expect(basename(library)).toMatch(/^(?:libc|libm|libdl|libpthread|librt|ld-linux[-\w]*)\.so\.\d+$/);
        await mkdir(join(root, dirname(library)), { recursive: true });
        await copyFile(library, join(root, library));
      }
      await copyFile(executable, join(root, "ddiff"));
      for (const name of ["tmp", "proc"]) await mkdir(join(root, name));
      await writeImage(`oci:${root}/images:app:1`, [{ "etc/os": "debian\n" }, one], root);
      await cp(join(root, "images"), join(root, "server"), { recursive: true });
      await writeImage(
        `oci:${root}/images:app:2`,
        [{ "etc/os": "debian\n" }, { ...one, "opt/version": "2\n" }],
        root,
      );
    });

    afterAll(() => rm(root, { recursive: true, force: true }));

    /** Runs it there as a container would: another root, a mount namespace of its own, /proc. */
    function inside(...args: string[]): Promise<Ran> {
      const script = 'mount --bind /proc "$0/proc" && exec chroot "$0" /ddiff "$@"';
      return run("unshare", ["--mount", "/bin/sh", "-c", script, root, ...args], {
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", TMPDIR: "/tmp", HOME: "/" },
      });
    }

    test("starts with nothing but the C library", async () => {
      const version = await inside("version");
      expect(version).toMatchObject({ status: 0, stderr: "" });
      expect(version.stdout).toMatch(/^ddiff .*\(Bun /);
      expect((await inside("help")).stdout).toContain("COMMANDS");
      expect((await inside("diff", "a")).status).toBe(2);
    });

    test("writes and loads a bundle, and leaves nothing behind", async () => {
      const made = await inside("diff", "oci:/images:app:1", "oci:/images:app:2", "-o", "/app.ddiff");
      expect(made.stderr).toBe("");
      expect(made.stdout).toMatch(/\/app\.ddiff: [\d.]+ k?B instead of 3\d\d kB\n$/);
      const loaded = await inside("load", "/app.ddiff", "--to", "oci:/server");
      expect(loaded.stderr).toBe("");
      expect(loaded.stdout).toMatch(/app:2 is loaded, sha256:/);
      expect(await readdir(join(root, "tmp"))).toEqual([]);
    });

    test("has the page of an analysis in itself", async () => {
      const made = await inside("analyze", "oci:/images:app:2", "--format", "html", "-o", "/app.html");
      expect(made).toMatchObject({ status: 0, stderr: "" });
      expect(await readFile(join(root, "app.html"), "utf8")).toMatch(
        /<style>[^<]{5000,}<\/style>[^]*<script type="module">/,
      );
    });

    test("writes the same bundle as Node, byte for byte", async () => {
      const made = await inside(
        "diff",
        "oci:/images:app:1",
        "oci:/images:app:2",
        "-o",
        "/bun.ddiff",
        "--tempdir",
        "/tmp",
      );
      expect(made.status).toBe(0);
      const node = ["diff", `oci:images:app:1`, `oci:images:app:2`, "-o", "node.ddiff"];
      const peer = await run(process.execPath, [join(repository, "src", "main.ts"), ...node], {
        cwd: root,
        env: { DDIFF_CACHE_DIR: join(root, "cache") },
      });
      expect(peer.stderr).toBe("");
      expect((await stat(join(root, "bun.ddiff"))).size).toBe((await stat(join(root, "node.ddiff"))).size);
      expect(() => execFileSync("cmp", [join(root, "bun.ddiff"), join(root, "node.ddiff")])).not.toThrow();
    });
  },
);
