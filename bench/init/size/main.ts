/**
 * `npm run bench -- init SEED [amd64] [arm64]`: one service with torch for CPUs by the Dockerfile of the skill that `ddiff init` began with,
 * and by what `ddiff init` writes. SEED is the text of the skill. As root, with some 25 GB free in $TMPDIR; amd64 alone where no platform is
 * named. Prints the table, and keeps it in docs/init.md.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { repository } from "../../../test/support/run.ts";
import { type Running, startContainer } from "../compose-container.ts";
import { emulate } from "../emulate.ts";
import { type Architecture, type Engine, openEngine } from "../engine.ts";
import { serveFolders } from "../folder-server.ts";
import { buildByInit, buildBySkill, type ServiceImage, torchService } from "./services.ts";
import { makeTorchIndex } from "./torch-index.ts";

interface Measured {
  /** Bytes of the image, and of the base that it stands on. */
  readonly size: number;
  readonly base: number;
  /** What the image's own health check comes to, once the service answers. */
  readonly health: string;
  /** The body that it answers with on `/`. */
  readonly answer: string;
}

/** Measures on the named platforms, and writes the table into docs/init.md. */
export async function benchInitSizes([seed, ...asked]: readonly string[]): Promise<void> {
  if (seed === undefined) throw new Error("say where the text of the skill is");
  const dockerfile = skillDockerfile(await readFile(seed, "utf8"));
  const rows: string[] = [];
  for (const arch of asked.length === 0 ? ["amd64"] : asked) {
    if (arch !== "amd64" && arch !== "arm64") throw new Error(`there is no platform ${arch}`);
    rows.push(...rowsOf(arch, await measureBoth(arch, dockerfile)));
  }
  const head = ["platform", "Dockerfile", "base", "image", "smaller by", "health check", "answer on `/`"];
  const table = [head, ["---", "---", "---:", "---:", "---:", "---", "---"]].map(
    (cells) => `| ${cells.join(" | ")} |`,
  );
  table.push(...rows);
  console.log(table.join("\n"));
  await publish(table.join("\n"));
}

/** The Dockerfile below the heading "Inference Dockerfile". */
function skillDockerfile(text: string): string {
  const found = /### Inference Dockerfile\s+```dockerfile\n([\s\S]*?)```/.exec(text)?.[1];
  if (found === undefined) throw new Error("the text has no Inference Dockerfile");
  return found;
}

/** One after the other, and the first is gone before the second is built: the build for CUDA is big. */
async function measureBoth(arch: Architecture, dockerfile: string): Promise<[Measured, Measured]> {
  const indexes = await serveFolders();
  try {
    return [
      await withEngine(arch, async (engine) => measure(engine, await buildBySkill(engine, dockerfile))),
      await withEngine(arch, async (engine) => {
        indexes.add("cpu", await makeTorchIndex(engine, join(torchService, "requirements.txt")));
        return measure(engine, await buildByInit(engine, `${indexes.url}/cpu`));
      }),
    ];
  } finally {
    await indexes.stop();
  }
}

async function withEngine<T>(arch: Architecture, work: (engine: Engine) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `ddiff-size-${arch}-`));
  // Nothing is pulled: what the Dockerfiles stand on is made here.
  const engine = await openEngine(folder, "127.0.0.1:9", arch);
  try {
    await emulate(engine);
    return await work(engine);
  } finally {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(engine: Engine, { base, image, service }: ServiceImage): Promise<Measured> {
  const running = await startContainer(engine, image, service);
  try {
    await askUntilOk(running, "/health");
    const { status, output } = await running.health();
    const measured = {
      size: await sizeOf(engine, image),
      base: await sizeOf(engine, base),
      health: status === 0 ? "green" : `red: ${output.split("\n").at(-1) ?? ""}`,
      answer: await askUntilOk(running, "/"),
    };
    console.error(`${engine.arch} ${image}`, measured);
    return measured;
  } finally {
    await running.stop();
  }
}

async function sizeOf(engine: Engine, image: string): Promise<number> {
  return Number(await engine.run("podman", "image", "inspect", "--format", "{{.Size}}", image));
}

/** The body of an answer. An emulated service takes minutes until it can give one. */
async function askUntilOk(running: Running, path: string): Promise<string> {
  const ask = `exec 3<>/dev/tcp/127.0.0.1/8000; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
  for (const end = Date.now() + 600_000; Date.now() < end; await sleep(1000)) {
    const [head = "", body = ""] = (await running.exec("bash", "-c", ask)).output.split("\r\n\r\n");
    if (head.includes(" 200 OK")) return body;
  }
  throw new Error(`it does not answer: ${await running.log()}`);
}

function rowsOf(arch: Architecture, [before, after]: readonly [Measured, Measured]): string[] {
  if (before.answer !== after.answer)
    throw new Error(`they do not answer the same: ${before.answer} and ${after.answer}`);
  const saved = `${Math.round(100 * (1 - after.size / before.size))} %`;
  return [
    row([`linux/${arch}`, "the skill's", before, ""]),
    row([`linux/${arch}`, "`ddiff init`, `serve-cpu`", after, saved]),
  ];
}

function row([platform, whose, { base, size, health, answer }, saved]: [
  string,
  string,
  Measured,
  string,
]): string {
  return `| ${[platform, whose, mb(base), mb(size), saved, health, `\`${answer}\``].join(" | ")} |`;
}

function mb(bytes: number): string {
  return `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;
}

/** Puts the table between its two marks. */
async function publish(table: string): Promise<void> {
  const page = join(repository, "docs", "init.md");
  const [begin, end] = ["<!-- sizes:begin -->", "<!-- sizes:end -->"];
  const text = await readFile(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks its marks ${begin} and ${end}`);
  await writeFile(page, `${text.slice(0, from)}${begin}\n${table}\n${text.slice(to)}`);
}
