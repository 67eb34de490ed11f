import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { baseTools, BaseWorkshop } from "../bench/base/workshop.ts";
import { repository } from "./support/run.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

// Packages come from Debian's mirrors and from PyPI: that is not for the tests that everybody runs.
const asked = process.env["DDIFF_TEST_INIT_BUILDS"] === "1";
const missing = firstMissing(
  asked ? undefined : "DDIFF_TEST_INIT_BUILDS is not 1 (it builds images from the network)",
  notRoot(),
  ...baseTools.map(toolMissing),
);

const torches = ["2.7.1", "2.8.0", "2.9.0"];

describePlace("base-build", missing, () => {
  let workshop: BaseWorkshop;
  beforeAll(async () => {
    workshop = await BaseWorkshop.open("trixie");
    const wheels = ["2.7.1=0.22.1", "2.8.0=0.23.0", "2.9.0=0.24.0"];
    const script = join(repository, "bench", "base", "tiny_wheels.py");
    await workshop.engine.run("python3", script, workshop.index, ...wheels);
    await workshop.build("lab/base:three", definition(torches));
  }, 900_000);
  afterAll(() => workshop?.close(), 60_000);

  function definition(wanted: readonly string[]): string {
    return [
      "version: 1",
      "os: debian13",
      "cuda: cpu",
      "python: [3.13]",
      `torch: [${wanted.join(", ")}]`,
      "packages: [einops, packaging]",
      `indexes: {torch: "${workshop.torchUrl}"}`,
      "",
    ].join("\n");
  }

  test("leaving a torch out changes no layer but its own and the list of what there is", async () => {
    await workshop.build("lab/base:two", definition(["2.7.1", "2.9.0"]));
    const three = await workshop.layers("lab/base:three");
    const two = await workshop.layers("lab/base:two");
    expect(three.filter((layer) => !two.includes(layer))).toHaveLength(2);
    expect(two.filter((layer) => !three.includes(layer))).toHaveLength(1);
    expect(two.length).toBe(three.length - 1);
    const listed = await workshop.ddiff("base", "list", "--json");
    expect(JSON.parse(listed.stdout)).toMatchObject({
      bases: [
        { names: ["localhost/lab/base:three"], torches: ["2.7.1+cpu", "2.8.0+cpu", "2.9.0+cpu"] },
        { names: ["localhost/lab/base:two"], torches: ["2.7.1+cpu", "2.9.0+cpu"] },
      ],
    });
  }, 900_000);

  test("two projects on each torch have packages of their own and no second torch", async () => {
    const folder = join(workshop.engine.folder, "projects");
    await mkdir(folder);
    const projects = torches.flatMap((torch) =>
      ["iniconfig", "six"].map((own) => ({ torch, own, path: `/workspace/${own}-${torch}` })),
    );
    const steps = projects.flatMap(({ torch, own, path }) => [
      `WORKDIR ${path}`,
      `RUN uv_init_torch${torch} && uv pip install ${own}`,
      `RUN uv run --no-project python -c 'import einops, ${own}, torch, torchvision; assert torch.__version__ == "${torch}+cpu"'`,
    ]);
    const looks = [
      `RUN test "$(find / -xdev -name libtorch_cpu.so -type f | wc -l)" = ${torches.length}`,
      // A link and one small package: not one thousandth of what torch takes.
      `RUN for project in /workspace/*; do test "$(du -s --block-size=1 "$project" | cut -f 1)" -lt 1000000 || exit 1; done`,
    ];
    await writeFile(
      join(folder, "Dockerfile"),
      `${["FROM localhost/lab/base:three", ...steps, ...looks].join("\n")}\n`,
    );
    await workshop.engine.build(folder, "-q", "-t", "lab/projects:1");
    expect((await workshop.layers("lab/projects:1")).slice(0, 3)).toEqual(
      (await workshop.layers("lab/base:three")).slice(0, 3),
    );
  }, 900_000);

  test("check links, imports and computes with each torch", async () => {
    const image = "containers-storage:localhost/lab/base:three";
    const checked = await workshop.ddiff("base", "check", "--runner", "rootless", image);
    expect(checked.stdout).toMatch(/3 checks passed/);
    expect(checked.status).toBe(0);
  }, 900_000);

  test("publish brings it to a registry, and a second base with a delta from the first", async () => {
    const first = await workshop.ddiff(
      "base",
      "publish",
      "containers-storage:localhost/lab/base:two",
      `docker://${workshop.registry}/lab/base:two`,
    );
    expect(first.status, first.stderr).toBe(0);
    const second = await workshop.ddiff(
      "base",
      "publish",
      "--json",
      "--delta-from",
      `docker://${workshop.registry}/lab/base:two`,
      "containers-storage:localhost/lab/base:three",
      `docker://${workshop.registry}/lab/base:three`,
    );
    expect(second.status, second.stderr).toBe(0);
    expect(JSON.stringify(JSON.parse(second.stdout))).toContain("deltas");
  }, 900_000);
});
