import { torchCudaBytes } from "../../catalog/package-sizes.ts";
import { findTorch, newestTorch } from "../../catalog/torch.ts";
import type { Dockerfile, Stage } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import type { Fix, LintContext } from "../rule.ts";
import { baseOf } from "./bases.ts";
import { afterSubcommand } from "./kept-caches.ts";
import { placeOfTorch, type TorchInstall, torchInstalls } from "./torch-builds.ts";

/** An install that gets torch with CUDA from PyPI on a base without CUDA. */
export interface CudaTorch {
  readonly stage: Stage;
  readonly at: Range;
  /** Bytes on disk of torch and its CUDA: of the version that is pinned, else of the newest that is allowed. An estimate. */
  readonly disk: number;
  /** Begins a sentence: `sentence-transformers (requirements.txt) brings`. */
  readonly says: string;
  readonly found: TorchInstall;
}

/** Those of a file; one for each stage. */
export function cudaTorch(file: Dockerfile, context: LintContext): CudaTorch[] {
  const seen = new Set<Stage>();
  return torchInstalls(file, context).flatMap((found): CudaTorch[] => {
    const { stage, asked, version, local, index, install } = found;
    if (seen.has(stage) || index.kind !== "pypi" || local !== undefined) return [];
    if (version !== undefined && findTorch(version) === undefined) return [];
    const base = baseOf(stage);
    if (base === undefined || base.cuda !== undefined || base.frameworks.length > 0) return [];
    if (base.os !== undefined && !/^(?:debian|ubuntu)$/.test(base.os.family)) return [];
    if (
      base.has.has("apk") ||
      /arm/.test(stage.platform ?? "") ||
      /[@;]|aarch64|darwin/.test(asked.request?.version ?? "")
    )
      return [];
    seen.add(stage);
    const from = asked.file === undefined ? "" : ` (${asked.file})`;
    const at = placeOfTorch(found);
    const program = install.manager === "pip" ? "pip" : "uv";
    const says = asked.name === "torch" && from === "" ? `${program} gets` : `${asked.name}${from} brings`;
    const allowed = asked.name === "torch" ? asked.version : "";
    const { disk } = torchCudaBytes(version ?? newestTorch(allowed, base.python));
    return [{ stage, at, disk, says, found }];
  });
}

/** Takes torch from the index of CPU builds. */
export function cpuFix({ found }: CudaTorch): Fix | undefined {
  const { install, wanted } = found;
  const at = afterSubcommand(install);
  if (at === undefined || install.manager === "uv") return undefined;
  const only = wanted.every(({ name, file }) => file === undefined && /^torch(?:vision|audio)?$/.test(name));
  const option =
    install.manager === "uv-pip"
      ? "--torch-backend cpu"
      : `--${only ? "" : "extra-"}index-url https://download.pytorch.org/whl/cpu`;
  return { title: `add ${option}`, risk: "unsafe", edits: [{ start: at, end: at, text: ` ${option}` }] };
}
