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
      // A letter into the name of a package: what follows moves, and what is found stays.
      const place = { line: (edit % 20) * 50 + 10, character: 10 };
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

/** Twenty stages of fifty lines as large machine-learning projects write them, with something to be found in each. */
function longDockerfile(): string {
  const packages =
    "build-essential ca-certificates cmake curl ffmpeg git libgl1 libsndfile1 ninja-build numactl vim wget";
  const wheels =
    "accelerate datasets einops fastapi numpy safetensors scipy sentencepiece transformers uvicorn";
  const stages: string[] = [];
  for (let at = 0; at < lines / 50; at += 1) {
    const base = at % 5 === 0 ? "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04" : `stage${at - 1}`;
    stages.push(
      `FROM ${base} AS stage${at}`,
      "",
      `# What part ${at} of the service needs.`,
      "ARG TORCH_VERSION=2.5.1",
      `ARG PART=${at}`,
      "ENV DEBIAN_FRONTEND=noninteractive \\",
      `    APP_HOME=/opt/app-${at} \\`,
      `    PATH=/opt/app-${at}/bin:$PATH`,
      "RUN apt-get update && \\",
      "    apt-get install -y --no-install-recommends \\",
      ...packages.split(" ").map((name) => `        ${name} \\`),
      `        lib-part-${at} && \\`,
      "    rm -rf /var/lib/apt/lists/*",
      "",
      "RUN --mount=type=cache,target=/root/.cache/pip \\",
      "    pip install torch==${TORCH_VERSION} --index-url https://download.pytorch.org/whl/cu124",
      "RUN pip install \\",
      ...wheels.split(" ").map((name) => `        ${name}==1.${at} \\`),
      `        part-${at}`,
      "",
      `RUN curl -fsSL https://example.org/part-${at}.tar.gz | tar -xz -C /opt && \\`,
      "    cd /opt/part && make -j$(nproc) && make install && rm -rf /opt/part",
      `COPY requirements.txt pyproject.toml /opt/app-${at}/`,
      `COPY src/part-${at} /opt/app-${at}/src`,
      `RUN chown -R 1000:1000 /opt/app-${at}`,
      `WORKDIR /opt/app-${at}`,
      "EXPOSE 8000",
      `CMD ["python", "-m", "part_${at}"]`,
      "",
    );
  }
  return `${stages.join("\n")}\n`;
}

if (import.meta.main) console.log(await measureEdits());
