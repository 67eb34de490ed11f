import { existsSync, realpathSync } from "node:fs";
import { makeTar, type TarSpec } from "../../src/delta/testing/tars.ts";

/** Debian's own Python, as it is called in the image too. */
export const python = existsSync("/usr/bin/python3") ? realpathSync("/usr/bin/python3") : "/usr/bin/python3";
/** Where packages beside Debian's lie. */
const site = `usr/local/lib/${python.replace("/usr/bin/", "")}/dist-packages`;

function text(path: string, content: string, more: Partial<TarSpec> = {}): TarSpec {
  return { path, bytes: Buffer.from(content), mode: 0o644, ...more };
}

/** What stands upon packages of Debian in the image that checks are tried on */
export function appLayer(): Buffer {
  return makeTar([
    text("etc/passwd", "root:x:0:0::/root:/bin/bash\njovyan:x:1000:1000::/home/jovyan:/bin/bash\n"),
    text("etc/group", "root:x:0:\njovyan:x:1000:\n"),
    { path: "tmp/", flag: "5", mode: 0o1777 },
    { path: "root/", flag: "5", mode: 0o700 },
    { path: "home/jovyan/", flag: "5", uid: 1000, mode: 0o755 },
    text("home/jovyan/index.html", "it answers\n", { uid: 1000 }),
    text(`${site}/good/__init__.py`, "import json\n"),
    text(`${site}/bad/__init__.py`, "import nowhere\n"),
    text(`${site}/hangs.py`, "import time; time.sleep(1000)\n"),
    text(`${site}/crashes.py`, "import os; os.abort()\n"),
    text(`${site}/lingers.py`, "import os, time\nif os.fork() == 0: time.sleep(1000)\n"),
    text(`${site}/good-1.dist-info/METADATA`, "Name: good\nVersion: 1\n"),
    text(
      `${site}/good-1.dist-info/entry_points.txt`,
      "[console_scripts]\ngood = good:main\nbad = bad:main\n",
    ),
    text("usr/local/bin/good", "#!/usr/bin/python3\nimport good\nprint('usage')\n", { mode: 0o755 }),
    text("usr/local/bin/bad", "#!/usr/bin/python3\nimport bad\n", { mode: 0o755 }),
  ]);
}

/** How that image is run. */
export const appConfig = {
  Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "GREETING=hello"],
  User: "jovyan",
  WorkingDir: "/home/jovyan",
  Cmd: ["python3", "-m", "http.server", "8000"],
  ExposedPorts: { "8000/tcp": {} },
  Labels: { "org.example.team": "vision" },
};

/** Debian's packages below it. */
export const appPackages = ["python3-minimal", "libpython3-stdlib", "coreutils", "bash", "dash"];

/** What is done to the image that is compared with the first. */
export const damage: readonly TarSpec[] = [
  text(`${site}/good/__init__.py`, "import gone\n"),
  text("home/jovyan/index.html", "something else\n"),
  { path: "usr/local/dangling", flag: "2", linkPath: "/nowhere" },
];
