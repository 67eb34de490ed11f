import { findVllm, vllmReleases } from "../../catalog/vllm.ts";
import type { Project } from "../project.ts";

/** What vLLM decides for a project: its wheels run with one torch, of the CUDA that PyPI's torch has. */
interface VllmDemands {
  /** `vllm 0.10.1` */
  readonly name: string;
  /** `2.7.1` */
  readonly torch: string;
  /** The newest Python that it installs on. */
  readonly python: string;
}

/** The demands of the project's vLLM, of the newest where it is not pinned; undefined without vLLM, and where the catalogue does not know it. */
export function vllmDemands(project: Project): VllmDemands | undefined {
  const found = project.frameworks.find((one) => one.value.name === "vllm");
  if (found === undefined) return undefined;
  const { version } = found.value;
  const row = version === undefined ? vllmReleases[0] : findVllm(version);
  return row && { name: `vllm ${version ?? row.to}`, torch: row.torch, python: row.python };
}
