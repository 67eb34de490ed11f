import { compareVersions } from "../catalog/versions.ts";
import { type Checklist, checklistSchema } from "../slim/check/checklist.ts";

/** A torch that a base says it has. */
export interface NamedTorch {
  /** `3.10` */
  readonly python: string;
  /** `2.5.1+cu124`, `2.5.1+cpu` */
  readonly torch: string;
}

/** The torches that a base names, each for each Python, oldest first. */
export function namedTorches(torches: readonly string[], pythons: readonly string[]): NamedTorch[] {
  return [...torches]
    .sort((one, other) => compareVersions(plain(one), plain(other)))
    .flatMap((torch) => pythons.map((python) => ({ python, torch })));
}

/** What the check of a torch is called. */
export function titleOfTorch({ python, torch }: NamedTorch): string {
  return `torch ${torch} for Python ${python} links, imports, computes, and is the only one`;
}

/** Arguments for python3 that try a torch in a project of its own; `programs` is the folder with uv_init_torch, or "" for the PATH. */
export function torchTrial({ python, torch }: NamedTorch, programs: string): string[] {
  return ["-I", "-c", trial, torch, python, programs];
}

/** The checks of an image that is a base. On a machine with a GPU each torch has to see it. */
export function baseChecklist(torches: readonly NamedTorch[], hasGpu: boolean): Checklist {
  return checklistSchema.parse({
    schemaVersion: "2.0.0",
    ...(hasGpu ? { containerRunOptions: { gpus: "true" } } : {}),
    commandTests: torches.map((one) => ({
      name: titleOfTorch(one),
      command: "python3",
      args: torchTrial(one, ""),
    })),
  });
}

/** Runs in the project's environment. Nothing here may have a dollar sign: checklists put variables in. */
const probe = `
import importlib.metadata as metadata, importlib.util, os, sys
wanted, python = sys.argv[1:]
public, _, build = wanted.partition("+")
assert "%d.%d" % sys.version_info[:2] == python, "Python is " + sys.version
import torch
assert torch.__version__.split("+")[0] == public, "torch is " + torch.__version__
assert metadata.version("torch").split("+")[0] == public, "torch and its metadata differ"
cuda = getattr(getattr(torch, "version", None), "cuda", None)
if build.startswith("cu"):
    assert cuda and "cu" + cuda.replace(".", "") == build, "torch is built for CUDA " + str(cuda)
for name in ("torchvision", "torchaudio"):
    if importlib.util.find_spec(name):
        __import__(name)
real = os.path.realpath(os.path.dirname(torch.__file__))
assert not real.startswith(os.path.realpath(sys.prefix) + os.sep), "torch lies in the project: " + real
for place, folders, files in os.walk(sys.prefix):
    for name in files:
        path = os.path.join(place, name)
        heavy = name.startswith(("libtorch", "libcudnn", "libcublas", "libnccl"))
        assert os.path.islink(path) or not heavy, "a second " + path
assert float((torch.ones(2, 2) @ torch.ones(2, 2)).sum()) == 8.0
if os.path.exists("/dev/nvidiactl") and build != "cpu":
    assert torch.cuda.is_available(), "there is a GPU, and torch does not see it"
    assert float(torch.ones(1, device="cuda").sum()) == 1.0
    print("GPU:", torch.cuda.get_device_name(0))
print("torch", torch.__version__, "from", real)
`.trim();

/** Links a new project and runs the probe in it. */
const trial = `
import os, signal, subprocess, sys, tempfile
# So that what runs for this program ends with it, and its folder goes.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
torch, python, programs = sys.argv[1:]
init = os.path.join(programs, "uv_init_torch" + torch.partition("+")[0])
probe = ${JSON.stringify(probe)}
with tempfile.TemporaryDirectory(prefix="ddiff-base-check-") as project:
    def run(*words):
        done = subprocess.run(words, cwd=project)
        if done.returncode:
            sys.exit(done.returncode)
    run(init, "--python", python)
    run(init, "--check")
    run(os.path.join(project, ".venv", "bin", "python"), "-c", probe, torch, python)
`.trim();

function plain(torch: string): string {
  return torch.split("+")[0] ?? torch;
}
