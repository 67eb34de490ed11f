import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LintedFile } from "../../lint/lint.ts";
import { lintStrictly } from "../../lint/testing/strict.ts";
import type { Answers } from "../answers.ts";
import { targets } from "../targets.ts";
import { answersFor, cases, framework } from "../testing/answers.ts";
import { dockerfile } from "./dockerfile.ts";

function write(answers: Answers): string {
  return dockerfile(answers)[0]?.text ?? "";
}

/** The instructions of a stage. */
function stage(text: string, name: string): string {
  const [, after = ""] = text.split(new RegExp(`^FROM \\S+ AS ${name}\\n`, "m"));
  return after.split(/^FROM /m)[0] ?? "";
}

describe("what is written for all kinds of projects", () => {
  let folder: string;
  let linted: readonly LintedFile[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-targets-"));
    for (const [at, { answers }] of cases.entries()) {
      const files = (["dockerfile", "compose", "ignore"] as const).flatMap((name) => targets[name](answers));
      for (const { path, text } of files) {
        const target = join(folder, String(at), path);
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, text);
      }
      // Weights worth a word, for the cases that bake them in.
      await mkdir(join(folder, String(at), "models"));
      await writeFile(join(folder, String(at), "models", "model.pt"), Buffer.alloc(30_000_000));
    }
    linted = await lintStrictly(folder);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(cases.map(({ title }, at) => [title, at] as const))(
    "%s: no rule of the strictest profile finds anything",
    (_title, at) => {
      const own = linted.filter(({ absolute }) => absolute.startsWith(join(folder, String(at), "/")));
      expect(own.length).toBeGreaterThanOrEqual(3);
      const found = own.flatMap(({ path, findings }) =>
        findings.map(({ rule, message }) => `${path}: ${rule.name}: ${message}`),
      );
      expect(found).toEqual([]);
    },
  );
});

describe("a Dockerfile", () => {
  const torch = {
    frameworks: [framework("torch", "2.9.1")],
    torch: "2.9.1",
    stages: ["serve-cpu", "serve-gpu"],
  } as const satisfies Partial<Answers>;

  it("is the same for the same answers", () => {
    for (const { answers } of cases) expect(write(answers)).toBe(write(answers));
  });

  it("has the services for CPU and GPU differ in packages and NVIDIA's variables only", () => {
    const text = write(answersFor("uv", torch));
    const plain = (name: string) =>
      stage(text, name)
        .replaceAll(/packages-serve-[cg]pu/g, "packages")
        .replace(/^ENV NVIDIA[^\n]*\n[^\n]*\n/m, "");
    expect(plain("serve-gpu").split("# serve-cpu")[0]?.trim()).toBe(plain("serve-cpu").trim());
  });

  it.each([
    ["uv", "uv pip install --no-deps --torch-backend cpu"],
    ["pip", "--extra-index-url https://download.pytorch.org/whl/cpu"],
    ["poetry", "--extra-index-url https://download.pytorch.org/whl/cpu"],
  ] as const)("takes torch for CPU with %s although the project leaves it open", (manager, words) => {
    const text = write(answersFor(manager, torch));
    expect(stage(text, "packages-serve-cpu")).toContain(words);
    expect(stage(text, "packages-serve-gpu")).not.toContain("whl/cpu");
  });

  it("drops what only CUDA needs from a locked list for CPU", () => {
    const text = write(answersFor("uv", { frameworks: [framework("jax", "0.5.0")], stages: ["serve-cpu"] }));
    expect(text).toContain("/^(nvidia-|cuda-(bindings|pathfinder|toolkit)|triton|pytorch-triton|jax-cuda)/d");
  });

  it("installs the groups of training for training only", () => {
    const text = write(answersFor("uv", { stages: ["train-cpu", "serve-cpu"], trainGroups: ["train"] }));
    expect(stage(text, "packages-train-cpu")).toContain("--group train");
    expect(stage(text, "packages-serve-cpu")).toContain("--no-group train");
  });

  it("copies packages before the source, and nothing that a test or a training needs alone into a service", () => {
    const text = write(answersFor("pip", { sources: ["app", "train.py", "tests"] }));
    const serve = stage(text, "serve-cpu");
    expect(serve.indexOf(".venv")).toBeLessThan(serve.indexOf("COPY app app"));
    expect(serve).not.toMatch(/train\.py|tests/);
  });

  it("keeps the toolkit of CUDA extensions out of the images that run", () => {
    const text = write(
      answersFor("uv", { ...torch, systemNeeds: ["cuda-compiler"], gpus: ["A100", "RTX 4090"] }),
    );
    expect(stage(text, "builder-gpu")).toMatch(/COPY --from=nvidia\/cuda:12\.8\.1-devel-ubuntu22\.04/);
    expect(stage(text, "builder-gpu")).toContain('TORCH_CUDA_ARCH_LIST="8.0;8.9"');
    expect(stage(text, "serve-gpu")).not.toMatch(/cuda|build-essential/);
  });

  it("starts what fetches weights or engines before the service, by exec", () => {
    const files = dockerfile(answersFor("uv", { weights: "download" }));
    expect(files.map(({ path }) => path)).toEqual(["Dockerfile", "container/fetch_weights.py"]);
    expect(files[0]?.text).toContain('ENTRYPOINT ["tini", "--", "python", "container/fetch_weights.py"]');
    expect(files[1]?.text).toContain("os.execvp(");
  });

  it("makes a service listen outside its container", () => {
    const text = write(answersFor("pip", { serve: ["uvicorn", "app:app"], port: 9000 }));
    expect(text).toContain('CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "9000"]');
  });

  it("quotes what a project's files may hold", () => {
    const text = write(
      answersFor("pip", { name: 'a"b', sources: ["my app", "it's.py"], trainGroups: ["x;y"] }),
    );
    expect(text).toContain('org.opencontainers.image.title="a\\"b"');
    expect(text).toContain('COPY ["my app", "my app"]');
  });

  it("leaves pip and uv the caches that a build mounts for them", () => {
    for (const { answers } of cases) expect(write(answers)).not.toContain("XDG_CACHE_HOME");
  });

  it("takes pdm with the packages that it was tested with, and exports by options that it has", () => {
    const text = write(answersFor("pdm", { lockFile: "pdm.lock", stages: ["serve-cpu"] }));
    expect(text).toMatch(/pip --python \/opt\/pdm install 'pdm\[locked\]==[\d.]+'/);
    expect(text).toContain("/opt/pdm/bin/pdm export --prod -o /tmp/requirements.txt");
  });

  it("lets a build of R fail where a package cannot be installed, and keeps the installers out of the image", () => {
    const described = write(answersFor("r", { manifest: "DESCRIPTION", lockFile: undefined }));
    expect(described).toContain('install.packages("remotes", lib = .Library.site[1])');
    expect(described).toContain("stopifnot(!anyNA(remotes::dev_package_deps()$installed))");
    const script = write(answersFor("r", { manifest: "install.R", lockFile: undefined }));
    expect(script).toContain('withCallingHandlers(source("install.R"), warning = function(w) if');
    const locked = write(answersFor("r", { manifest: "renv.lock", lockFile: "renv.lock" }));
    expect(locked).toContain('install.packages("renv", lib = .Library.site[1])');
  });

  it("gives dev to whoever owns the source", () => {
    const text = stage(write(answersFor("uv", { stages: ["dev"] })), "dev");
    expect(text).toContain("ARG DEV_UID=1000");
    expect(text).toContain("USER $DEV_UID:$DEV_UID");
    expect(text).toMatch(/COPY --from=packages --chown=\$DEV_UID:\$DEV_UID/);
  });

  it("gives a project whose version comes from git one", () => {
    const answers = { isPackage: true, versionVariable: "SETUPTOOLS_SCM_PRETEND_VERSION" };
    const text = stage(write(answersFor("uv", answers)), "project");
    expect(text).toContain("ARG VERSION=0.0.0\nENV SETUPTOOLS_SCM_PRETEND_VERSION=$VERSION");
  });

  it("takes CUDA out of an environment of conda for CPU, and leaves it in for GPUs", () => {
    const frameworks = [framework("tensorflow", "2.18.0", { build: "cuda" })];
    const text = write(answersFor("conda", { frameworks, stages: ["train-gpu", "train-cpu"] }));
    expect(stage(text, "packages-train-cpu")).toContain("cudatoolkit|cudnn");
    expect(stage(text, "packages-train-gpu")).not.toContain("sed");
  });

  it("lets trackers write where the root lets them", () => {
    const text = write(answersFor("pip", { trackers: ["wandb", "mlflow"], stages: ["train-cpu"] }));
    expect(stage(text, "train-cpu")).toContain("WANDB_DIR=/app/outputs");
    expect(stage(text, "train-cpu")).toContain("MLFLOW_TRACKING_URI=file:/app/outputs/mlruns");
  });

  it("has renv look for R's packages where no file lists them, and copies nothing that is not there", () => {
    const serve = ["Rscript", "-e", 'plumber::pr_run(plumber::pr("plumber.R"))'];
    const answers = { manifest: undefined, lockFile: undefined, sources: ["R", "plumber.R"], serve };
    const text = stage(write(answersFor("r", answers)), "packages");
    expect(text).toContain('used <- c("plumber", renv::dependencies(quiet = TRUE)[["Package"]])');
    expect(text.match(/^COPY .*/gm)).toEqual(["COPY R R", "COPY plumber.R ./"]);
  });

  it("has git where packages are installed, and in no image that runs", () => {
    for (const manager of ["uv", "conda", "pixi"] as const) {
      const stages = ["serve-cpu", "train-cpu"] as const;
      const text = write(answersFor(manager, { systemNeeds: ["git"], stages }));
      expect(stage(text, "builder")).toMatch(/^ +git$/m);
      for (const name of ["base", ...stages]) expect(stage(text, name)).not.toMatch(/^ +git\b/m);
    }
  });

  it("leaves engines to ONNX Runtime where that is what runs them", () => {
    const frameworks = [framework("tensorrt", "10.3.0"), framework("onnxruntime-gpu", "1.20.1")];
    const text = stage(write(answersFor("pip", { frameworks, stages: ["serve-gpu"] })), "serve-gpu");
    expect(text).toContain("ORT_TENSORRT_CACHE_PATH=/cache/engines");
    expect(text).toContain('ENTRYPOINT ["tini", "--"]');
  });
});
