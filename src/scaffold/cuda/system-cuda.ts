import type { Framework, FrameworkName, Manager } from "../project.ts";

/**
 * The framework that needs CUDA and cuDNN of the system: its packages do not bring them, and no other's do. Undefined where the image can do
 * without NVIDIA's base, so that CUDA is never there twice.
 */
export function systemCudaFor(frameworks: readonly Framework[], manager: Manager): FrameworkName | undefined {
  // conda and pixi have CUDA as packages.
  if (manager === "conda" || manager === "pixi") return undefined;
  const names = new Set(frameworks.map(({ name }) => name));
  if (names.has("torch") || names.has("vllm")) return undefined;
  return (["onnxruntime-gpu", "cupy"] as const).find((name) => names.has(name));
}
