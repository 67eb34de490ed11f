import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startPodman, type TestEngine } from "./support/engines.ts";
import { lines, podmanMissing } from "./support/engine-kinds.ts";
import { ddiff } from "./support/run.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

/** Made by `DDIFF_BENCH_WORK=FOLDER node bench/images/bad-main.ts`; this is its folder `bad`. */
const bad = process.env["DDIFF_BAD_IMAGES"] ?? "";
const missing = firstMissing(
  bad === "" ? "DDIFF_BAD_IMAGES names no folder of bad images" : undefined,
  podmanMissing,
  toolMissing("skopeo"),
);

/** What a container of each image computes, to the last digit. */
const jobs = [
  {
    name: "torch",
    command: [
      "python3",
      "-c",
      `import torch, torchvision, hashlib
torch.manual_seed(1)
x = torch.randn(200, 200)
net = torchvision.models.resnet18().eval()
print(torch.__version__, hashlib.sha256((x @ x).numpy().tobytes()).hexdigest(), net(torch.ones(1, 3, 64, 64)).sum().item())`,
    ],
  },
  {
    name: "r",
    command: [
      "Rscript",
      "-e",
      "library(data.table); library(ggplot2); library(jsonlite); set.seed(1); cat(toJSON(data.table(x = rnorm(5)), digits = 15)); print(class(ggplot()))",
    ],
  },
  {
    name: "conda",
    command: [
      "/opt/conda/bin/python",
      "-c",
      "import scipy, scipy.linalg as l; print(scipy.__version__, l.det([[1., 2.], [3., 5.]]))",
    ],
  },
];

/** Type, owner, mode, size and target of all that is there, but for what the engine puts there itself. */
const listing = `find / -xdev ${[
  "/proc",
  "/sys",
  "/dev",
  "/run",
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/hostname",
  "/etc/mtab",
]
  .map((path) => `-path ${path} -prune -o`)
  .join(" ")} -path / -o \\( -type f -printf '%p %U:%G %m %s\\n' -o -printf '%p %y %U:%G %m %l\\n' \\)`;

/** What is safe to remove, said in another way than ddiff does. */
const safe =
  /^\/(?:var\/(?:lib\/apt\/lists|cache\/apt|cache\/debconf|lib\/dpkg|backups|log|tmp)|tmp|root\/\.cache|home\/jovyan\/\.cache)\/|^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)- /;

describePlace("bad-images", missing, () => {
  let folder = "";
  let engine: TestEngine;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-slim-"));
    engine = await startPodman();
  });
  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** What an image's job prints, and what its files are. */
  const seen = async (place: string, command: string[]): Promise<{ printed: string; files: string[] }> => {
    const podman = (...args: string[]): Promise<string> =>
      engine.run("podman", "--runtime=runc", "--cgroup-manager=cgroupfs", ...args);
    const image = `localhost/${place.split(":").at(-1)}:seen`;
    await engine.run("skopeo", "copy", "--quiet", place, `containers-storage:${image}`);
    const how = ["run", "--rm", "--network=none", "--ulimit=nofile=1024:4096", "--ulimit=nproc=4096:4096"];
    const printed = await podman(...how, image, ...command);
    const files = lines(await podman(...how, "--user=0", image, "sh", "-c", listing)).sort();
    await podman("rmi", "--force", image);
    return { printed, files };
  };

  it.each(jobs)(
    "slim makes of $name one that computes the same, with the same files, owners and modes but for what is safe to remove",
    { timeout: 900_000 },
    async ({ name, command }) => {
      const [old, slim] = [`oci:${join(bad, name)}:${name}`, `oci:${join(folder, name)}:${name}`];
      const made = await ddiff(["slim", "--json", "--runner", "rootless", old, slim]);
      expect(made, made.stdout.slice(0, 500)).toMatchObject({ status: 0, stderr: "" });
      const { platforms } = JSON.parse(made.stdout) as {
        platforms: { before: { files: number }; after: { files: number } }[];
      };
      expect(platforms[0]?.after.files).toBeLessThan((platforms[0]?.before.files ?? 0) * 0.93);
      const analysis = await ddiff(["analyze", "--json", slim]);
      const { sizes } = JSON.parse(analysis.stdout) as { sizes: { safe: number } };
      expect(sizes.safe).toBe(0);

      const before = await seen(old, command);
      const after = await seen(slim, command);
      expect(after.printed).toBe(before.printed);
      const [had, has] = [new Set(before.files), new Set(after.files)];
      expect([...has].filter((file) => !had.has(file))).toEqual([]);
      expect([...had].filter((file) => !has.has(file) && !safe.test(file))).toEqual([]);
    },
  );
});
