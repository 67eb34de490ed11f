import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { Answers } from "../answers.ts";
import { imageOf } from "../image-names.ts";
import { answersFor, cases, framework } from "../testing/answers.ts";
import { ci } from "./ci.ts";
import { devcontainer } from "./devcontainer.ts";
import { kubernetes } from "./kubernetes.ts";

const gpuService: Partial<Answers> = {
  stages: ["train-gpu", "train-cpu", "serve-gpu", "serve-cpu", "dev"],
  frameworks: [framework("torch", "2.9.1")],
  torch: "2.9.1",
  registry: "ghcr.io/lab",
  dataFolders: ["data"],
};

function textOf(files: readonly { path: string; text: string }[], path: string): string {
  return files.find((one) => one.path === path)?.text ?? "";
}

describe("Kubernetes", () => {
  it.each(cases.map((one) => [one.title, one.answers] as const))(
    "%s: every pod is locked down",
    (_, answers) => {
      const pods = kubernetes(answers)
        .filter((one) => /(?:deployment|job)\.yaml$/.test(one.path))
        .map((one) => parse(one.text) as { spec: { template: { spec: PodSpec } } });
      for (const { spec } of pods) {
        const pod = spec.template.spec;
        expect(pod.securityContext).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: "RuntimeDefault" },
        });
        expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
        for (const container of pod.containers) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          });
          const mounted = container.volumeMounts.map((one) => one.name);
          expect(new Set(mounted)).toEqual(new Set(pod.volumes.map((one) => one.name)));
          expect(container.volumeMounts.map((one) => one.mountPath)).toContain("/dev/shm");
        }
      }
    },
  );

  it("asks for a GPU in the overlay for GPUs only, with the image of that variant", () => {
    const answers = answersFor("uv", gpuService);
    const files = kubernetes(answers);
    const gpu = textOf(files, "k8s/serve/gpu/kustomization.yaml");
    const cpu = textOf(files, "k8s/serve/cpu/kustomization.yaml");
    expect(gpu).toContain("nvidia.com~1gpu");
    expect(gpu).toContain(`newTag: ${imageOf(answers, "serve-gpu").tag}`);
    expect(cpu).toContain(`newTag: ${imageOf(answers, "serve-cpu").tag}`);
    for (const { path, text } of files) if (!path.includes("/gpu/")) expect(text).not.toContain("nvidia.com");
    expect(imageOf(answers, "serve-gpu")).toEqual({
      repository: "ghcr.io/lab/detector-serve",
      tag: "cu12.8.1-py3.12-torch2.9.1",
    });
  });

  it("lets the old pod go first where one GPU more may not be there, and only there", () => {
    const files = kubernetes(answersFor("uv", gpuService));
    expect(textOf(files, "k8s/serve/gpu/kustomization.yaml")).toContain("maxSurge: 0");
    expect(textOf(files, "k8s/serve/base/deployment.yaml")).toContain("maxUnavailable: 0");
  });

  it("keeps between pods what vLLM fetches and what TensorRT builds", () => {
    for (const { title, answers } of cases.filter(({ title }) => title.endsWith("on GPUs only"))) {
      const files = kubernetes(answers);
      expect(textOf(files, "k8s/serve/base/cache.yaml"), title).toContain("ReadWriteMany");
      expect(textOf(files, "k8s/serve/base/kustomization.yaml")).toContain("- cache.yaml");
      expect(files.filter(({ path }) => path.includes("/cpu/"))).toEqual([]);
    }
  });

  it("does not start a training where the service is applied", () => {
    const files = kubernetes(answersFor("uv", gpuService));
    const served = files
      .filter((one) => one.path.startsWith("k8s/serve/"))
      .flatMap((one) => parseAllDocuments(one.text));
    expect(served.map((one) => one.get("kind"))).not.toContain("Job");
  });

  it("writes values that YAML would read as something else in quotes", () => {
    const answers = answersFor("uv", {
      ...gpuService,
      train: ["python", "train.py", "yes", "1e3", "a: b", "#c"],
    });
    const job = parse(textOf(kubernetes(answers), "k8s/train/base/job.yaml")) as {
      spec: { template: { spec: { containers: { args: unknown[] }[] } } };
    };
    expect(job.spec.template.spec.containers[0]?.args).toEqual(answers.train);
  });
});

describe("the workflow", () => {
  it("builds CPU images for both architectures on machines of their own", () => {
    const text = textOf(ci(answersFor("uv", gpuService)), ".github/workflows/images.yml");
    const { jobs } = parse(text) as {
      jobs: { build: { strategy: { matrix: { include: Record<string, string>[] } } } };
    };
    const { include } = jobs.build.strategy.matrix;
    const runners = include.filter((one) => one["stage"] === "serve-cpu").map((one) => one["runner"]);
    expect(runners).toEqual(["ubuntu-24.04", "ubuntu-24.04-arm"]);
    expect(include.filter((one) => one["stage"] === "serve-gpu").map((one) => one["arch"])).toEqual([
      "amd64",
    ]);
  });

  it("gives no job more than it needs, and pins every action by commit", () => {
    for (const { answers } of cases) {
      const text = textOf(ci(answers), ".github/workflows/images.yml");
      if (text === "") continue;
      const { permissions } = parse(text) as { permissions: unknown };
      expect(permissions).toEqual({ contents: "read" });
      for (const [, pin] of text.matchAll(/uses: \S+@(\S+)/g)) expect(pin).toMatch(/^[0-9a-f]{40}$/);
      expect(text).not.toMatch(/run: .*\$\{\{ (?:github\.event|github\.head_ref)/);
    }
  });

  it("logs in elsewhere with secrets, and asks for no right to write packages there", () => {
    const text = textOf(
      ci(answersFor("uv", { ...gpuService, registry: "registry.lab.example/ml" })),
      ".github/workflows/images.yml",
    );
    expect(text).toContain("registry: registry.lab.example\n");
    expect(text).toContain("secrets.REGISTRY_PASSWORD");
    expect(text).not.toContain("packages: write");
  });
});

describe("the devcontainer", () => {
  it("keeps the environment of the image below the mounted source", () => {
    const text = textOf(devcontainer(answersFor("uv")), ".devcontainer/devcontainer.json");
    expect(JSON.parse(text)).toMatchObject({ mounts: ["type=volume,target=/app/.venv"], init: true });
  });

  it("takes a GPU where there is one, and opens without", () => {
    const text = textOf(devcontainer(answersFor("uv", gpuService)), ".devcontainer/devcontainer.json");
    expect(JSON.parse(text)).toMatchObject({
      hostRequirements: { gpu: "optional" },
      build: { target: "dev" },
    });
    expect(textOf(devcontainer(answersFor("pip")), ".devcontainer/devcontainer.json")).not.toContain("gpu");
  });
});

interface PodSpec {
  securityContext: { runAsUser: number };
  containers: { securityContext: unknown; volumeMounts: { name: string; mountPath: string }[] }[];
  volumes: { name: string }[];
}
