/** The time from an edit in an editor to its new findings. Alone: `node bench/lint/lsp-edit.ts`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startLsp } from "../../test/support/lsp-client.ts";
import { workPath } from "../images/places.ts";

/** Milliseconds from `didChange` to `publishDiagnostics`, as the editor sees them. */
export interface EditTimes {
  lines: number;
  /** In the build context. */
  files: number;
  edits: number;
  findings: number;
  median: number;
  /** 95 of 100 edits are answered in this time. */
  most: number;
  worst: number;
}

const lines = 1000;
const edits = 100;

/**
 * Edits a Dockerfile of 1,000 lines 100 times, each time after a pause as a person makes it, in a folder of `files` files. Runs the built
 * program, dist/ddiff.js. The first edits count too, when nothing is compiled yet.
 */
export async function measureEdits(files = 5000): Promise<EditTimes> {
  const folder = workPath("lsp-edit");
  rmSync(folder, { recursive: true, force: true });
  try {
    for (let at = 0; at < files; at += 1) {
      const part = join(folder, "src", `part-${Math.floor(at / 50)}`);
      if (at % 50 === 0) mkdirSync(part, { recursive: true });
      writeFileSync(join(part, `file-${at}.py`), "");
    }
    const text = longDockerfile();
    const file = join(folder, "Dockerfile");
    writeFileSync(file, text);
    const program = join(import.meta.dirname, "..", "..", "dist", "ddiff.js");
    const client = await startLsp(process.execPath, [program, "lsp"], pathToFileURL(folder).href);
    const uri = pathToFileURL(file).href;
    let found = await client.open(uri, text);
    const times: number[] = [];
    for (let edit = 0; edit < edits; edit += 1) {
      await new Promise((resolve) => setTimeout(resolve, 80));
      // A letter into a line of a script: what follows moves, and what is found stays.
      const line = Math.floor((edit * lines) / edits / 10) * 10 + 4;
      const place = { line, character: 10 };
      const from = performance.now();
      found = await client.edit(uri, edit + 2, { start: place, end: place }, "x");
      times.push(performance.now() - from);
    }
    await client.close();
    times.sort((a, b) => a - b);
    const at = (share: number): number =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    return { lines, files, edits, findings: found.length, median: at(0.5), most: at(0.95), worst: at(1) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Stages of ten lines as machine-learning teams write them, with what is to be found in them. */
function longDockerfile(): string {
  const stages: string[] = [];
  for (let at = 0; at < lines / 10; at += 1) {
    const base = at === 0 ? "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04" : `stage${at - 1}`;
    stages.push(
      `FROM ${base} AS stage${at}`,
      `ARG VERSION_${at}=1.2`,
      `ENV HOME_${at}=/opt/app-${at} PATH=/opt/app-${at}/bin:$PATH`,
      "RUN apt-get update && \\",
      `    apt-get install -y --no-install-recommends curl git libgl1 lib${at} && \\`,
      "    rm -rf /var/lib/apt/lists/*",
      `RUN pip install --no-cache-dir torch==2.5.1 package-${at}==$VERSION_${at}`,
      `COPY src/part-${at} /opt/app-${at}/`,
      `RUN curl -fsSL https://example.org/${at}.tar.gz | tar -xz -C /opt/app-${at}`,
      `WORKDIR /opt/app-${at}`,
    );
  }
  return `${stages.join("\n")}\n`;
}

if (import.meta.main) console.log(await measureEdits());
