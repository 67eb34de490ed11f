import { chmod, cp, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { newFolder } from "../src/places/testing/folders.ts";
import { type Ran, repository, run } from "./support/run.ts";

/** Stands for the standalone executable: says its version, prints completions. */
const fakeStandalone = '#!/bin/sh\n[ "$1" = completion ] && echo "# $2" || echo "ddiff 9.9.9"\n';

let home: string;
let file: string;

beforeEach(async () => {
  home = await newFolder();
  file = join(home, "ddiff file");
  await writeFile(file, fakeStandalone);
});

function install(...args: string[]): Promise<Ran> {
  // dash is what Debian's sh is: nothing of bash may be needed.
  return run("/bin/sh", [join(repository, "install.sh"), ...args], {
    env: { HOME: home, PATH: "/usr/bin:/bin" },
  });
}

describe("install.sh", () => {
  test("installs a standalone file with completions and puts it on the PATH, once", async () => {
    await writeFile(join(home, ".bashrc"), "alias x=y");
    const prefix = join(home, ".local");
    const first = await install("--prefix", prefix, file);
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toContain("installed ddiff 9.9.9");
    const tree = async (): Promise<string[]> => (await readdir(home, { recursive: true })).sort();
    const files = await tree();
    expect(files).toEqual(
      expect.arrayContaining([
        ".local/bin/ddiff",
        ".local/share/bash-completion/completions/ddiff",
        ".local/share/zsh/site-functions/_ddiff",
        ".local/share/fish/vendor_completions.d/ddiff.fish",
      ]),
    );
    const bashrc = await readFile(join(home, ".bashrc"), "utf8");
    expect(bashrc).toMatch(/^alias x=y\nexport PATH=.*\n$/);
    const shell = await run("/bin/sh", ["-c", '. "$HOME/.bashrc"; ddiff'], {
      env: { HOME: home, PATH: "/usr/bin:/bin" },
    });
    expect(shell.stdout).toBe("ddiff 9.9.9\n");

    expect(await install("--prefix", prefix, file)).toMatchObject({ status: 0 });
    expect(await tree()).toEqual(files);
    expect(await readFile(join(home, ".bashrc"), "utf8")).toBe(bashrc);

    expect(await install("--prefix", prefix, "--uninstall")).toMatchObject({ status: 0, stderr: "" });
    expect((await tree()).filter((name) => /ddiff(?! file)/.test(name))).toEqual([]);
    expect(await readFile(join(home, ".bashrc"), "utf8")).toBe("alias x=y\n");
    expect(await install("--prefix", prefix, "--uninstall")).toMatchObject({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("another prefix takes the place of the first on the PATH", async () => {
    await install("--prefix", join(home, "one"), file);
    await install("--prefix", join(home, "two"), file);
    const profile = await readFile(join(home, ".profile"), "utf8");
    expect(profile).toMatch(/two\/bin/);
    expect(profile).not.toMatch(/one\/bin/);
  });

  test("--no-path leaves start-up files alone", async () => {
    expect((await install("--prefix", join(home, "p"), "--no-path", file)).stdout).toMatch(
      /is not on the PATH/,
    );
    expect(await readdir(home)).not.toContain(".profile");
  });

  test("a checkout is installed with the Node that npm brought, whatever its path holds", async () => {
    const checkout = join(home, "it's a $checkout");
    await mkdir(join(checkout, "node_modules"), { recursive: true });
    for (const name of ["install.sh", "bin", "src", "package.json"]) {
      await cp(join(repository, name), join(checkout, name), { recursive: true });
    }
    for (const name of await readdir(join(repository, "node_modules"))) {
      await symlink(join(repository, "node_modules", name), join(checkout, "node_modules", name));
    }
    const done = await run(
      "/bin/sh",
      [join(checkout, "install.sh"), "--prefix", join(home, "p"), "--no-path"],
      {
        env: { HOME: home },
      },
    );
    expect(done).toMatchObject({ status: 0, stderr: "" });
    const version = await run(join(home, "p", "bin", "ddiff"), ["version"], { env: { PATH: "/nowhere" } });
    expect(version.stdout).toMatch(/^ddiff .* \(Node 2[4-9]/);
  });

  test("a file that does not run here is not installed, and an older ddiff stays", async () => {
    const prefix = join(home, "p");
    await install("--prefix", prefix, "--no-path", file);
    await writeFile(file, "\u007fELF of another machine");
    await chmod(file, 0o755);
    const failed = await install("--prefix", prefix, "--no-path", file);
    expect(failed.status).toBe(3);
    expect(failed.stderr).toMatch(/does not run on this machine\n {2}hint: /);
    expect(await readdir(join(prefix, "bin"))).toEqual(["ddiff"]);
    expect((await run(join(prefix, "bin", "ddiff"), ["version"])).stdout).toBe("ddiff 9.9.9\n");
    expect((await stat(join(prefix, "bin", "ddiff"))).mode & 0o777).toBe(0o755);
  });

  test("wrong usage is status 2", async () => {
    expect(await install("--prefx")).toMatchObject({ status: 2 });
    expect(await install("--prefix")).toMatchObject({ status: 2 });
  });
});
