import type { FrameworkName } from "../../project.ts";

/** Packages that are a framework, by normal name. */
export const frameworkOf: Readonly<Record<string, FrameworkName>> = {
  torch: "torch",
  tensorflow: "tensorflow",
  "tensorflow-gpu": "tensorflow",
  "tensorflow-cpu": "tensorflow",
  "tensorflow-intel": "tensorflow",
  "tf-nightly": "tensorflow",
  jax: "jax",
  jaxlib: "jax",
  "jax-cuda12-plugin": "jax",
  onnxruntime: "onnxruntime",
  "onnxruntime-gpu": "onnxruntime-gpu",
  tensorrt: "tensorrt",
  "tensorrt-cu12": "tensorrt",
  "nvidia-tensorrt": "tensorrt",
  cupy: "cupy",
  "cupy-cuda11x": "cupy",
  "cupy-cuda12x": "cupy",
  "cupy-cuda13x": "cupy",
  vllm: "vllm",
};

/** Packages that do not work without a framework, so that it comes with them. */
const brings: readonly (readonly [FrameworkName, string])[] = [
  [
    "torch",
    `torchvision torchaudio torchtext torchmetrics pytorch-lightning lightning pytorch-ignite fastai timm ultralytics kornia accelerate peft trl bitsandbytes
    xformers flash-attn deepspeed sentence-transformers openai-whisper whisperx torch-geometric pytorch3d detectron2 mmcv mmengine mmdet open-clip-torch clip
    segmentation-models-pytorch albumentations-pytorch monai easyocr speechbrain pyannote-audio torchdiffeq botorch gpytorch stable-baselines3 vllm tts
    facexlib basicsr gfpgan realesrgan facenet-pytorch torchsde fairseq triton liger-kernel unsloth axolotl lerobot sglang demucs vocos surya-ocr marker-pdf`,
  ],
  [
    "tensorflow",
    "tensorflow-hub tensorflow-text tensorflow-addons tensorflow-datasets tf-keras tflearn keras-cv tf-models-official deepface",
  ],
  ["jax", "flax optax dm-haiku equinox orbax-checkpoint chex jaxtyping-jax numpyro brax"],
  ["onnxruntime", "rapidocr-onnxruntime fastembed insightface"],
];

export const impliedBy = new Map(
  brings.flatMap(([framework, names]) => names.split(/\s+/).map((name) => [name, framework] as const)),
);

export const modules: readonly (readonly [string, FrameworkName])[] = [
  ["torch", "torch"],
  ["tensorflow", "tensorflow"],
  ["jax", "jax"],
  ["onnxruntime", "onnxruntime"],
  ["tensorrt", "tensorrt"],
  ["cupy", "cupy"],
  ["vllm", "vllm"],
];
