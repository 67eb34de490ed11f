import type { OutputFile } from "../answers.ts";

const fetchWeights = `"""Fetches the weights into their volume when they are not there yet, then becomes the command."""

import hashlib
import os
import sys
import urllib.request
from pathlib import Path

# WEIGHTS_URL: one or several addresses with blanks between, each with #sha256=... where it is known.
# HF_MODEL: a repository of the Hugging Face Hub; its token is the secret hf_token, where one is needed.
folder = Path(os.environ["WEIGHTS_DIR"])


def fetch(address: str) -> None:
    url, _, digest = address.partition("#sha256=")
    target = folder / url.rsplit("/", 1)[-1]
    if target.exists():
        return
    # Under another name until it is whole and right: a start that is killed leaves no half file.
    part = target.with_name(target.name + ".part")
    seen = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=60) as source, part.open("wb") as file:
        while block := source.read(1 << 20):
            seen.update(block)
            file.write(block)
    if digest and seen.hexdigest() != digest:
        part.unlink()
        sys.exit(f"{url} is not what was expected: its sha256 is {seen.hexdigest()}")
    part.replace(target)
    print(f"fetched {target}", flush=True)


def main() -> None:
    for address in os.environ.get("WEIGHTS_URL", "").split():
        fetch(address)
    if model := os.environ.get("HF_MODEL"):
        from huggingface_hub import snapshot_download

        secret = Path("/run/secrets/hf_token")
        token = secret.read_text().strip() or None if secret.exists() else None
        snapshot_download(model, local_dir=folder, token=token)
    if len(sys.argv) > 1:
        os.execvp(sys.argv[1], sys.argv[1:])


main()
`;

const engine = `"""Finds or builds the TensorRT engine for this GPU, then becomes the command.

An engine only runs on the GPU architecture and the TensorRT version that it was built with. Three ways lead to one:
at start:  ENGINE_SOURCE names an ONNX file; the first start builds the engine (minutes), later ones find it
as a job:  python container/engine.py, with the same ENGINE_SOURCE, once on each kind of GPU
prebuilt:  engines built elsewhere lie in ENGINE_DIR/sm_XY-TENSORRT_VERSION/, on a volume or in an image for each architecture
The command finds ENGINE, the engine of ENGINE_SOURCE, and ENGINES, the folder for this GPU.

ENGINE_SHAPES: for inputs of no fixed shape, NAME=SMALLEST:USUAL:LARGEST with blanks between,
               as images=1x3x640x640:8x3x640x640:32x3x640x640
ENGINE_FP16=1: half precision
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tensorrt as trt


def architecture() -> str:
    asked = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
    capability = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()[0]
    return "sm_" + capability.replace(".", "")


def settings() -> str:
    return os.environ.get("ENGINE_SHAPES", "") + " " + os.environ.get("ENGINE_FP16", "")


def name_of(source: Path) -> str:
    """Another model, or another way to build it, is another engine."""
    seen = hashlib.sha256(settings().encode())
    with source.open("rb") as file:
        while block := file.read(1 << 20):
            seen.update(block)
    return f"{source.stem}-{seen.hexdigest()[:12]}.plan"


def profile_of(builder: trt.Builder, network: trt.INetworkDefinition) -> trt.IOptimizationProfile:
    shapes = dict(one.split("=", 1) for one in os.environ.get("ENGINE_SHAPES", "").split())
    profile = builder.create_optimization_profile()
    for at in range(network.num_inputs):
        wanted = network.get_input(at)
        if -1 not in tuple(wanted.shape):
            continue
        if wanted.name not in shapes:
            sys.exit(f"{wanted.name} has no fixed shape, {tuple(wanted.shape)}: ENGINE_SHAPES has to name it")
        three = [tuple(int(side) for side in one.split("x")) for one in shapes[wanted.name].split(":")]
        profile.set_shape(wanted.name, *three)
    return profile


def build(source: Path, target: Path) -> None:
    logger = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(logger)
    # ONNX has batches of its own; since TensorRT 10 all networks are so.
    is_old = int(trt.__version__.split(".")[0]) < 10
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH) if is_old else 0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(source)):
        sys.exit(f"{source}: {parser.get_error(0)}")
    config = builder.create_builder_config()
    config.add_optimization_profile(profile_of(builder, network))
    if os.environ.get("ENGINE_FP16") == "1":
        config.set_flag(trt.BuilderFlag.FP16)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        sys.exit(f"{source} could not be built for this GPU")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Under a name of its own until it is whole: others may build the same one beside it.
    with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as part:
        part.write(plan)
    Path(part.name).replace(target)


def main() -> None:
    folder = Path(os.environ["ENGINE_DIR"]) / f"{architecture()}-{trt.__version__}"
    if source := os.environ.get("ENGINE_SOURCE"):
        target = folder / name_of(Path(source))
        if not target.exists():
            print(f"building {target}", flush=True)
            build(Path(source), target)
        os.environ["ENGINE"] = str(target)
    elif not folder.is_dir():
        print(f"no engines in {folder}, and no ENGINE_SOURCE to build one from", file=sys.stderr, flush=True)
    os.environ["ENGINES"] = str(folder)
    if len(sys.argv) > 1:
        os.execvp(sys.argv[1], sys.argv[1:])


main()
`;

/** Where the scripts lie in the project. */
const scriptFolder = "container";

/** Starts a service after its weights are there. */
export const fetchWeightsScript: OutputFile = {
  path: `${scriptFolder}/fetch_weights.py`,
  text: fetchWeights,
};

/** Starts a service after its TensorRT engine is there. */
export const engineScript: OutputFile = { path: `${scriptFolder}/engine.py`, text: engine };
