import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineScript, fetchWeightsScript } from "./dockerfile-scripts.ts";

const hasPython = await access("/usr/bin/python3").then(
  () => true,
  () => false,
);

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a script of Python. */
function python(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn("/usr/bin/python3", words, { env: { PATH: "/usr/bin:/bin", ...env } });
    let text = "";
    child.stdout.on("data", (data: Buffer) => (text += data.toString()));
    child.stderr.on("data", (data: Buffer) => (text += data.toString()));
    child.on("error", fail).on("close", (code) => done({ code, text }));
  });
}

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ddiff-scripts-"));
  await writeFile(join(home, "fetch.py"), fetchWeightsScript.text);
  await writeFile(join(home, "engine.py"), engineScript.text);
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe.runIf(hasPython)("fetch_weights.py", () => {
  const weights = Buffer.from("weights");
  const digest = createHash("sha256").update(weights).digest("hex");
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end(weights);
  });
  let address: string;
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.pt`;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  it("fetches once, and becomes the command", async () => {
    const folder = await mkdtemp(join(home, "weights-"));
    const env = { WEIGHTS_DIR: folder, WEIGHTS_URL: `${address}#sha256=${digest}` };
    const before = asked;
    const first = await python([join(home, "fetch.py"), "sh", "-c", "exit 7"], env);
    expect(first.code).toBe(7);
    expect(await readFile(join(folder, "model.pt"))).toEqual(weights);
    expect((await python([join(home, "fetch.py")], env)).code).toBe(0);
    expect(asked - before).toBe(1);
  });

  it("keeps nothing that is not what was expected", async () => {
    const folder = await mkdtemp(join(home, "weights-"));
    const env = { WEIGHTS_DIR: folder, WEIGHTS_URL: `${address}#sha256=${"0".repeat(64)}` };
    const { code, text } = await python([join(home, "fetch.py"), "true"], env);
    expect(code).toBe(1);
    expect(text).toContain(digest);
    expect(await readdir(folder)).toEqual([]);
  });
});

/** As much of TensorRT's interface as the script uses: an engine is what it was built of. */
const tensorrt = `
import os
__version__ = os.environ.get("TRT", "10.3.0")
class Anything:
    WARNING = FP16 = EXPLICIT_BATCH = 0
    def __init__(self, *_): pass
Logger = BuilderFlag = NetworkDefinitionCreationFlag = INetworkDefinition = IOptimizationProfile = Anything
class Input:
    name, shape = "images", (-1 if os.environ.get("OPEN") else 1, 3)
class Network:
    num_inputs = 1
    def get_input(self, at): return Input
class Config:
    said = ""
    def add_optimization_profile(self, profile): self.said += str(profile.shapes)
    def set_flag(self, flag): self.said += " half"
class Profile:
    def __init__(self): self.shapes = {}
    def set_shape(self, name, *three): self.shapes[name] = three
class Builder(Anything):
    def create_network(self, flags): return Network()
    def create_builder_config(self): return Config()
    def create_optimization_profile(self): return Profile()
    def build_serialized_network(self, network, config): return config.said.encode()
class OnnxParser(Anything):
    def parse_from_file(self, path): return True
`;

describe.runIf(hasPython)("engine.py", () => {
  let bin: string;
  beforeAll(async () => {
    bin = join(home, "bin");
    await mkdir(bin);
    await writeFile(join(home, "tensorrt.py"), tensorrt);
    await writeFile(join(bin, "nvidia-smi"), "#!/bin/sh\necho 8.9\n", { mode: 0o755 });
    await writeFile(join(home, "model.onnx"), "one");
  });

  async function start(env: Readonly<Record<string, string>>, folder: string): Promise<Ended> {
    const command = ["sh", "-c", 'echo "$ENGINE in $ENGINES"'];
    const path = `${bin}:/usr/bin:/bin`;
    return python([join(home, "engine.py"), ...command], {
      PATH: path,
      PYTHONDONTWRITEBYTECODE: "1",
      ENGINE_DIR: folder,
      ...env,
    });
  }

  it("builds an engine once for a model, a GPU architecture and a version, and says where it is", async () => {
    const folder = await mkdtemp(join(home, "engines-"));
    const env = { ENGINE_SOURCE: join(home, "model.onnx") };
    const first = await start(env, folder);
    expect(first.text).toMatch(/^building .*\/sm_89-10\.3\.0\/model-\w{12}\.plan\n/);
    expect(first.text).toContain(`in ${folder}/sm_89-10.3.0\n`);
    expect((await start(env, folder)).text).not.toContain("building");
    expect((await start({ ...env, TRT: "10.4.0" }, folder)).text).toContain("building");
    expect((await start({ ...env, ENGINE_FP16: "1" }, folder)).text).toContain("building");
    await writeFile(join(home, "model.onnx"), "two");
    expect((await start(env, folder)).text).toContain("building");
    expect((await readdir(join(folder, "sm_89-10.3.0"))).every((name) => name.endsWith(".plan"))).toBe(true);
  });

  it("asks for the shapes that are open, and builds for them", async () => {
    const folder = await mkdtemp(join(home, "engines-"));
    const env = { ENGINE_SOURCE: join(home, "model.onnx"), OPEN: "1" };
    const refused = await start(env, folder);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.text).toContain("images has no fixed shape, (-1, 3): ENGINE_SHAPES has to name it");
    const { text } = await start({ ...env, ENGINE_SHAPES: "images=1x3:8x3:32x3" }, folder);
    const built = /^building (.*)$/m.exec(text)?.[1] ?? "";
    expect(await readFile(built, "utf8")).toContain("'images': ((1, 3), (8, 3), (32, 3))");
  });

  it("starts the command without an engine as well, which may have its own", async () => {
    const folder = await mkdtemp(join(home, "engines-"));
    const { code, text } = await start({}, folder);
    expect(code).toBe(0);
    expect(text).toContain("no engines in");
  });
});
